package expression

// Paths are the keys that the expression reads, in the order in which they are written.
func (e *Expression) Paths() []Path {
	if e == nil {
		return nil
	}
	return pathsOf(e.root)
}

func pathsOf(c condition) (paths []Path) {
	switch c := c.(type) {
	case allOf:
		for _, term := range c {
			paths = append(paths, pathsOf(term)...)
		}
	case anyOf:
		for _, term := range c {
			paths = append(paths, pathsOf(term)...)
		}
	case *comparison:
		paths = append(c.left.paths(), c.right.paths()...)
	}
	return paths
}

func (o *operand) paths() (paths []Path) {
	if o.path != nil {
		return []Path{o.path}
	}
	if list, isList := o.constant.(*literalList); isList {
		for i := range list.items {
			paths = append(paths, list.items[i].paths()...)
		}
	}
	return paths
}

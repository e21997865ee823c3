//go:build !linux

package island

import "errors"

func again() (int, error) { return 0, errors.New("only Linux can") }

func settle() error { return nil }

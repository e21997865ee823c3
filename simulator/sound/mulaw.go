package sound

// G.711 µ-law, the telephone network's encoding of a sample in eight bits: sign, exponent, mantissa, all inverted.
const (
	muLawBias = 0x84
	muLawMost = 0x7fff - muLawBias
)

// EncodeMuLaw encodes as many samples as dst has room for.
func EncodeMuLaw(dst []byte, src []int16) {
	for i, sample := range src[:min(len(src), len(dst))] {
		dst[i] = muLaw(int(sample))
	}
}

// DecodeMuLaw decodes as many samples as dst has room for.
func DecodeMuLaw(dst []int16, src []byte) {
	for i, code := range src[:min(len(src), len(dst))] {
		dst[i] = fromMuLaw[code]
	}
}

func muLaw(sample int) byte {
	sign := byte(0)
	if sample < 0 {
		sign, sample = 0x80, -sample
	}
	sample = min(sample, muLawMost) + muLawBias
	exponent := 7
	for bit := 0x4000; exponent > 0 && sample&bit == 0; bit >>= 1 {
		exponent--
	}
	return ^(sign | byte(exponent)<<4 | byte(sample>>(exponent+3))&0xf)
}

var fromMuLaw = func() (table [256]int16) {
	for i := range table {
		code := ^byte(i)
		size := (int(code&0xf)<<3+muLawBias)<<(code>>4&7) - muLawBias
		if code&0x80 != 0 {
			size = -size
		}
		table[i] = int16(size)
	}
	return table
}()

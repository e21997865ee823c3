package browser

// G.711 µ-law: a sign, three bits of exponent and four of mantissa, all inverted.

const (
	muLawBias = 0x84
	muLawClip = 32635
)

func encodeMuLaw(dst []byte, src []int16) {
	for i, sample := range src {
		value, sign := int(sample), 0
		if value < 0 {
			value, sign = -value, 0x80
		}
		value = min(value, muLawClip) + muLawBias
		exponent := 7
		for bit := 0x4000; exponent > 0 && value&bit == 0; bit >>= 1 {
			exponent--
		}
		dst[i] = ^byte(sign | exponent<<4 | value>>(exponent+3)&0xf)
	}
}

func decodeMuLaw(dst []int16, src []byte) {
	for i, code := range src {
		code = ^code
		value := (int(code&0xf)<<3+muLawBias)<<(code>>4&7) - muLawBias
		if code&0x80 != 0 {
			value = -value
		}
		dst[i] = int16(value)
	}
}

package sound

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
)

// espeakProgram has to be installed for EspeakNG.
const espeakProgram = "espeak-ng"

var plainLanguage = regexp.MustCompile(`^[a-z]{2,3}(-[a-z0-9]{2,8})*$`)

// EspeakNG is a voice that speaks: the program espeak-ng, for Options.Speak. The error tells that it is not installed.
func EspeakNG() (func(ctx context.Context, text, language string) ([]int16, error), error) {
	program, err := exec.LookPath(espeakProgram)
	if err != nil {
		return nil, fmt.Errorf("the program %s is not installed (apt install espeak-ng, brew install espeak-ng): %w", espeakProgram, err)
	}
	return func(ctx context.Context, text, language string) ([]int16, error) {
		language = strings.ToLower(language)
		if !plainLanguage.MatchString(language) {
			language = "en"
		}
		samples, err := espeak(ctx, program, text, language)
		if err != nil && language != "en" { // it does not know the language
			return espeak(ctx, program, text, "en")
		}
		return samples, err
	}, nil
}

// espeak passes the text where other users of the machine do not see it: not as an argument.
func espeak(ctx context.Context, program, text, language string) ([]int16, error) {
	command := exec.CommandContext(ctx, program, "-v", language, "--stdin", "--stdout")
	command.Stdin = strings.NewReader(text)
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", espeakProgram, err)
	}
	samples, err := ReadWAV(bytes.NewReader(out))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", espeakProgram, err)
	}
	return samples, nil
}

package chromium_test

import (
	"os"
	"testing"

	"switchboard/features/island"
)

func TestMain(m *testing.M) { os.Exit(island.Run(m, nil)) }

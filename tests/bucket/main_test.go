package bucket

import (
	"testing"

	"github.com/azekura/azekura/tests/house"
)

func TestMain(m *testing.M) { house.Main(m) }

// Command azekura is the storehouse: server, commands and offline verification in one program.
package main

import (
	"os"

	"github.com/azekura/azekura/internal/cli"
)

func main() { os.Exit(cli.Main()) }

package cli

import (
	"fmt"
	"os"

	"github.com/azekura/azekura/internal/preview"
)

// previewWorker is the command that the server runs to make a preview. No help tells of it.
const previewWorker = "preview-worker"

// workPreview makes one preview, before anything is set up that a decoder could misuse.
func workPreview(args []string) int {
	if err := preview.Work(args, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

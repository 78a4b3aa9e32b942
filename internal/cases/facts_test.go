package cases

import (
	"slices"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/paper"
)

// TestEveryQuestionIsAnswered: what papers ask people can be entered at the desk, with the same choices.
func TestEveryQuestionIsAnswered(t *testing.T) {
	for _, q := range paper.Questions {
		f, ok := account.FactFieldOf(q.Key)
		var choices []string
		for _, c := range q.Choices {
			choices = append(choices, c.Key)
		}
		if !ok || (f.Type == account.FactText) != (choices == nil) || !slices.Equal(choices, f.Choices) {
			t.Errorf("%s: papers take %q, the desk %+v, %v", q.Key, choices, f, ok)
		}
	}
}

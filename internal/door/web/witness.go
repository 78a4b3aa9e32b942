package web

import (
	"slices"
	"strconv"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

const toWitnesses = "/settings#witnesses"

// changeWitnesses lets do change who watches the ledger.
func (v *visit) changeWitnesses(do func(w *account.Witnessing) error) error {
	w, err := v.api.Witnesses(v.r.Context())
	if err == nil {
		err = do(&w.Witnessing)
	}
	if err != nil {
		return err
	}
	o, err := v.api.SetWitnesses(v.r.Context(), w.Witnessing)
	return v.outcome(o, err, toWitnesses)
}

func (v *visit) addWitness() error {
	return v.changeWitnesses(func(w *account.Witnessing) error {
		w.Witnesses = append(w.Witnesses, account.Witness{URL: v.form("url"), Key: v.form("key"), Mirror: v.form("mirror")})
		w.Need = max(1, w.Need)
		return nil
	})
}

func (v *visit) removeWitness() error {
	return v.changeWitnesses(func(w *account.Witnessing) error {
		n := len(w.Witnesses)
		w.Witnesses = slices.DeleteFunc(w.Witnesses, func(x account.Witness) bool { return x.Key == v.form("key") })
		if len(w.Witnesses) == n {
			return problem.New(problem.NotFound, "change witnesses", v.form("key"), nil)
		}
		if w.Need = min(w.Need, len(w.Witnesses)); w.Need == 0 {
			w.Mode = account.WitnessOff
		}
		return nil
	})
}

func (v *visit) witnessMode() error {
	need, err := strconv.Atoi(v.form("need"))
	if err != nil {
		return &problem.Error{Kind: problem.Invalid, Op: "change witnesses", On: v.form("need"), Hint: "hint.witness-need", Err: err}
	}
	return v.changeWitnesses(func(w *account.Witnessing) error {
		w.Mode, w.Need = account.WitnessMode(v.form("mode")), need
		return nil
	})
}

// witnessVerdicts says how the ledger's witnesses are; loudly when one refuses.
func (v *visit) witnessVerdicts(w api.Witnesses, say func(level, link, key string, args ...any)) {
	n, away, refusing := w.Cosigning()
	if len(refusing) > 0 {
		say("bad", toWitnesses, "web.witness-refuses", strings.Join(refusing, ", "))
	}
	switch {
	case len(w.State) == 0:
		say("look", toWitnesses, "web.witness-none")
	case n < w.Need:
		say(map[bool]string{true: "look", false: "bad"}[w.Mode == account.WitnessOff], toWitnesses, "web.witness-few", n, w.Need, strings.Join(append(refusing, away...), ", "))
	case len(away) > 0:
		say("look", toWitnesses, "web.witness-behind", n, len(w.State), strings.Join(away, ", "))
	case len(refusing) == 0:
		say("good", toWitnesses, "web.witness-good", n)
	}
}

// witnessModes are the modes in which witnesses may be kept.
func witnessModes() []account.WitnessMode {
	return []account.WitnessMode{account.WitnessOff, account.WitnessWarn, account.WitnessRequire}
}

package account

import "testing"

// TestCorporateNumber: those of the National Tax Agency and the Digital Agency hold, and no other first digit does; nor do two digits that changed places.
func TestCorporateNumber(t *testing.T) {
	for _, good := range []string{"7000012050002", "8000012010038"} {
		if !ValidCorporateNumber(good) {
			t.Errorf("%s is refused", good)
		}
		for d := byte('0'); d <= '9'; d++ {
			if other := string(d) + good[1:]; other != good && ValidCorporateNumber(other) {
				t.Errorf("%s is taken", other)
			}
		}
	}
	for _, bad := range []string{"", "700001205000", "70000120500020", "700001205000x", "7000012500002", "７０００"} {
		if ValidCorporateNumber(bad) {
			t.Errorf("%q is taken", bad)
		}
	}
}

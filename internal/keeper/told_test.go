package keeper

import (
	"crypto/ed25519"
	"reflect"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/passkey/passkeytest"
)

// askOnly are the methods that change nothing: they tell, or begin what another ends.
var askOnly = []string{"Retention", "Aging", "MayRemove", "Accounts", "AlertKey", "ApplianceEvents", "Audit", "BeginFactor", "BeginIdentity", "Beyond", "CardsBehind", "Case", "Cases", "Check", "CheckConcern", "Concerned", "Checkpoint", "Close", "Collecting", "CollectingBy", "Consistent", "CopyOut", "Devices", "Drills", "Duties", "Ended", "Ending", "ErasedShares", "Certificate", "Events", "Firm", "FirmFacts", "Format", "Fresh", "Groups", "HasPersons", "HasTraps", "Head", "Held",
	"Invited", "Isolated", "Jobs", "Keyless", "KnownDrills", "KnownMedia", "LogsOnDisk", "KnownReserve", "LookUp", "Lookup", "LookupPage", "Ledger", "May", "MaySettle", "Me", "Media", "Papers", "Parties", "Policy", "Proof", "Proposals", "Prove", "Published", "Readings", "Receipts", "Register", "ShareRecords", "Renewal", "Reserve", "Resume", "RuledShares", "Sessions", "ShareNetworks", "SharePersons", "ShareRights", "Shares",
	"SignInFactor", "SignRecord", "SignSink", "SignInStep", "SignInWithPasskey", "Status", "Stops", "Strength", "Timeline", "TrapBelow", "Trapped", "Traps", "Witnesses", "Zone"}

// toldElsewhere are the methods that another test finds in the ledger.
var toldElsewhere = map[string]string{
	"ChangeProtection": "TestProtections of package storehouse", "Record": "TestReleaseIsShownInTheLedger", "Release": "TestReleaseIsShownInTheLedger",
	"Unlock": "TestReleaseIsShownInTheLedger", "RemoveIdentity": "TestIdentity", "SignInProvider": "TestIdentity", "SignInPassword": "TestRenewal",
	"SignInNewFactor": "TestInvitation", "Stop": "TestFreeze", "OpenReceipt": "TestReceiptLinks", "SeenMedium": "TestMediaAreSeen", "EndIsolation": "TestIsolation", "EraseShare": "TestErasure", "LearnEnds": "TestRestoreErased of package storehouse", "AskRemoval": "TestRetention", "BeginRemoval": "TestRetention", "EndRemoval": "TestRetention", "KeepLogs": "TestLogsAreKept",
}

// told is an act and the entry that it leaves.
type told struct {
	method string
	kind   event.Kind
	do     func() error
}

// TestEveryActIsInTheLedger does all that the keeper lets people do, and finds for each an entry that says who did it, from which
// address and, where there is one, with which device. A method that is in none of the lists fails.
func TestEveryActIsInTheLedger(t *testing.T) {
	l, clock := newHouse(t)
	root := console(t, l)
	p, s := arrived(t, l, clock, "tanaka", account.Administrator)
	arrived(t, l, clock, "sato", account.Staff)
	_, officer := arrived(t, l, clock, "officer", account.PrivacyOfficer)
	entry := func(kind event.Kind) (n int, last event.Event) {
		for e, err := range l.Events(t.Context(), root, Filter{Kinds: []event.Kind{kind}}) {
			if err != nil {
				t.Fatal(err)
			}
			n, last = n+1, e.Event
		}
		return n, last
	}
	var done []string
	acts := slices.Concat(actsOnPeople(t, l, clock, s, officer), actsOnHouse(t, l, s, officer), actsOnSelf(t, l, p, &s))
	for _, a := range acts {
		before, _ := entry(a.kind)
		if err := a.do(); (err != nil) != (a.kind == event.LoginFailed) {
			t.Errorf("%s: %v", a.method, err)
		}
		after, e := entry(a.kind)
		if after <= before || e.Address != home || e.Door == "" || e.Actor == "" && a.kind != event.LoginFailed {
			t.Errorf("%s: %d entries more of kind %s, the last: %+v", a.method, after-before, a.kind, e)
		}
		if e.Door == "webdav" && e.Device.IsZero() {
			t.Errorf("%s: the entry has no device: %+v", a.method, e)
		}
		done = append(done, a.method)
	}
	for m := range reflect.TypeFor[*Local]().Methods() {
		n := 0
		for _, in := range []bool{slices.Contains(askOnly, m.Name), toldElsewhere[m.Name] != "", slices.Contains(done, m.Name) || m.Name == "OpenDayOf"} {
			if in {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s is in %d lists: does the ledger tell of it?", m.Name, n)
		}
	}
}

// actsOnPeople are those of an administrator on others.
func actsOnPeople(t *testing.T, l *Local, clock *time.Time, s, officer id.Session) []told {
	ctx := t.Context()
	var proposal string
	reset := func() error {
		o, err := l.ResetFactors(ctx, s, "sato", "telephone lost")
		if err == nil {
			proposal = o.Proposal.ID
		}
		return err
	}
	mori := &someone{t: t, l: l, clock: clock, name: "mori", password: "kumo to sakana mori"}
	var token string
	return []told{
		{"MakeAccount", event.AccountMade, func() error { return l.MakeAccount(ctx, s, account.NewAccount{Name: "mori", Role: account.Staff}) }},
		{"Invite", event.Invited, func() error { i, err := l.Invite(ctx, s, "mori"); token = i.Token; return err }},
		{"Accept", event.AccountChanged, func() error {
			step, _, err := l.Accept(ctx, browser, token, mori.password)
			if err == nil {
				mori.setUp(step)
			}
			return err
		}},
		{"Accept", event.LoginFailed, func() error { _, _, err := l.Accept(ctx, browser, token, mori.password); return err }}, // somebody has found the link
		{"SignInWithProvider", event.LoginFailed, func() error { return second(l.SignInWithProvider(ctx, browser, token)) }},
		{"SetRole", event.AccountChanged, func() error { return second(l.SetRole(ctx, s, "mori", account.ShareManager)) }},
		{"SetDisabled", event.AccountChanged, func() error { return second(l.SetDisabled(ctx, s, "mori", true)) }},
		{"SetAccountNetworks", event.AccountChanged, func() error { return second(l.SetAccountNetworks(ctx, s, "sato", []string{"192.0.2.0/24"})) }},
		{"RemoveAccount", event.AccountRemoved, func() error { return second(l.RemoveAccount(ctx, s, "mori")) }},
		{"EndAccountSessions", event.Logout, func() error { return l.EndAccountSessions(ctx, s, "sato") }},
		{"ResetFactors", event.Proposed, reset},
		{"Withdraw", event.Withdrawn, func() error { return l.Withdraw(ctx, officer, proposal) }},
		{"Confirm", event.Confirmed, func() error {
			if err := reset(); err != nil {
				return err
			}
			return l.Confirm(ctx, officer, proposal)
		}},
	}
}

// actsOnHouse are those on what is everybody's.
func actsOnHouse(t *testing.T, l *Local, s, officer id.Session) []told {
	ctx := t.Context()
	var stop account.Stop
	var opened account.Case
	var page account.Outcome
	var link account.ReceiptLink
	var job account.Outcome
	var trap account.Trap
	medium := account.Medium{ID: id.NewMedium(), Label: "disk 1", Set: "A"}
	var papers account.KeyPapers
	var stick account.CardFile
	return []told{
		{"MakeMedium", event.MediumMade, func() error { return second(l.MakeMedium(ctx, s, medium)) }},
		{"SyncedMedium", event.MediumSynced, func() error { return l.SyncedMedium(ctx, s, medium.ID, account.MediumState{Number: 1}) }},
		{"BeginDrill", event.DrillBegun, func() error {
			return second(l.BeginDrill(ctx, s, account.Drill{Medium: medium.ID, Keys: account.DrillKeeper}))
		}},
		{"EndDrill", event.DrillEnded, func() error {
			return second(l.EndDrill(ctx, s, 1, account.DrillResult{Outcome: account.DrillWhole, Tried: 1, Whole: 1}))
		}},
		{"ReadMedium", event.MediumRead, func() error { return l.ReadMedium(ctx, s, medium.ID, account.MediumRead{Ended: true}) }},
		{"CheckedMedium", event.MediumChecked, func() error { return l.CheckedMedium(ctx, s, medium.ID, 0) }},
		{"EjectMedium", event.MediumGone, func() error { return l.EjectMedium(ctx, s, medium.ID) }},
		{"RetireMedium", event.MediumRetired, func() error { return l.RetireMedium(ctx, s, medium.ID, "worn") }},
		{"MakePapers", event.PapersMade, func() (err error) { papers, err = l.MakePapers(ctx, s, 2, 3); return err }},
		{"TestPapers", event.PapersTested, func() error { return second(l.TestPapers(ctx, officer, []string{papers.Papers[1].Code})) }},
		{"RenewPapers", event.Proposed, func() error { return second(l.RenewPapers(ctx, s, 2, 3, "somebody has left")) }},
		{"MakeCard", event.CardWritten, func() (err error) { stick, err = l.MakeCard(ctx, s, "safe"); return err }},
		{"CardWritten", event.CardChecked, func() error { return l.CardWritten(ctx, s, 1, stick.SHA256) }},
		{"RefreshCard", event.CardWritten, func() error { return second(l.RefreshCard(ctx, s, 1, stick.Content)) }},
		{"CheckCard", event.CardChecked, func() error { return second(l.CheckCard(ctx, officer, stick.Content)) }},
		{"ForgetCard", event.CardForgotten, func() error { return l.ForgetCard(ctx, s, 1, "lost", "the safe was stolen") }},
		{"MakeShare", event.ShareMade, func() error { return second(l.MakeShare(ctx, s, "albums")) }},
		{"SetRights", event.RightsChanged, func() error {
			return l.SetRights(ctx, s, account.Right{Account: "officer", Share: "albums", Rights: account.CanRead})
		}},
		{"SetShareNetworks", event.RightsChanged, func() error { return l.SetShareNetworks(ctx, s, "albums", []string{"192.0.2.0/24"}) }},
		{"SetSharePersons", event.RightsChanged, func() error { return l.SetSharePersons(ctx, s, "albums", "{number}_*.jpg") }},
		{"SetSchoolLines", event.RegisterSet, func() error {
			return l.SetSchoolLines(ctx, officer, "albums", []account.SchoolLine{{School: "第一小学校", Client: "city"}})
		}},
		{"SetRetention", event.RetentionSet, func() error { return l.SetRetention(ctx, s, "albums", half) }},
		{"SetRegister", event.RegisterSet, func() error { return l.SetRegister(ctx, officer, "albums", account.Register{Client: "city"}) }},
		{"SetFirm", event.FirmSet, func() error { return l.SetFirm(ctx, officer, account.Firm{Business: "printing"}) }},
		{"AskJob", event.Proposed, func() (err error) {
			job, err = l.AskJob(ctx, s, account.NewJob{Path: "albums", Purpose: account.Open, Files: 10, Until: l.now().Add(time.Hour), Reason: "print run"})
			return err
		}},
		{"Confirm", event.JobBegun, func() error { return l.Confirm(ctx, officer, job.Proposal.ID) }},
		{"EndJob", event.JobEnded, func() error { return l.EndJob(ctx, s, l.books.Load().Jobs[0].ID) }},
		{"AddTrap", event.TrapSet, func() (err error) { trap, err = l.AddTrap(ctx, s, "albums/old", ""); return err }},
		{"RemoveTrap", event.Proposed, func() error { return second(l.RemoveTrap(ctx, s, trap.ID)) }},
		{"SetGroup", event.GroupChanged, func() error { return l.SetGroup(ctx, s, "prepress", []string{"officer"}) }},
		{"RemoveGroup", event.GroupChanged, func() error { return l.RemoveGroup(ctx, s, "prepress") }},
		{"SetPolicy", event.PolicyChanged, func() error {
			return second(l.SetPolicy(ctx, s, account.Policy{SecondFactor: true, Firm: "Azekura Printing"}))
		}},
		{"SetWitnesses", event.PolicyChanged, func() error {
			return second(l.SetWitnesses(ctx, s, account.Witnessing{Mode: account.WitnessOff}))
		}},
		{"SetCollecting", event.PolicyChanged, func() error {
			return second(l.SetCollecting(ctx, s, account.Collecting{Sources: []account.LogSource{{Address: "192.0.2.1", Name: "gw"}}, Days: 400, DailyMiB: 100, VPNEnded: "2026-08-01"}))
		}},
		{"SetCollecting", event.Proposed, func() error { return second(l.SetCollecting(ctx, s, account.Collecting{Days: 400, DailyMiB: 100})) }},
		{"SearchLogs", event.LogsRead, func() (err error) {
			for _, e := range l.SearchLogs(ctx, officer, account.LogQuery{Account: "sato"}) {
				err = e
			}
			return err
		}},
		{"VerifyLogs", event.LogsChecked, func() error { return second(l.VerifyLogs(ctx, officer)) }},
		{"ReadingKey", event.ReadingKeyGiven, func() error { return second(l.ReadingKey(ctx, s)) }},
		{"Freeze", event.Frozen, func() (err error) {
			stop, err = l.Freeze(ctx, s, account.Stop{Kind: account.StopAddress, Subject: "198.51.100.9", Reason: "odd"})
			return err
		}},
		{"OpenCase", event.CaseOpened, func() (err error) {
			opened, err = l.OpenCase(ctx, s, account.Case{Reason: "odd", Suspects: []account.Suspect{{Subject: "officer", From: l.now()}}})
			return err
		}},
		{"ProposeLookup", event.Proposed, func() (err error) {
			page, err = l.ProposeLookup(ctx, s, scopeOf(opened, "1"))
			return err
		}},
		{"Confirm", event.LookupOpened, func() error { return l.Confirm(ctx, officer, page.Proposal.ID) }},
		{"CloseLookup", event.LookupClosed, func() error { return l.CloseLookup(ctx, s, opened.ID) }},
		{"NoteInquiry", event.InquiryNoted, func() error {
			return second(l.NoteInquiry(ctx, s, opened.ID, account.Inquiry{Way: account.ByCall, Who: "a parent", Question: "is my child concerned?"}))
		}},
		{"Inquiries", event.InquiriesRead, func() error { return second(l.Inquiries(ctx, s, opened.ID)) }},
		{"GiveReceipt", event.ReceiptGiven, func() (err error) {
			link, err = l.GiveReceipt(ctx, s, "albums", "", "2026-11", l.now().Add(time.Hour), []byte("{}"))
			return err
		}},
		{"RevokeReceipt", event.ReceiptRevoked, func() error { return l.RevokeReceipt(ctx, s, link.ID) }},
		{"Trust", event.CaseChanged, func() error {
			return l.Trust(ctx, s, opened.ID, account.Suspect{Kind: account.StopAccount, Subject: "officer"}, "a mistake")
		}},
		{"SetKnowing", event.CaseWritten, func() error {
			return second(l.SetKnowing(ctx, s, opened.ID, account.NewKnowing{Department: "sales", When: l.now()}))
		}},
		{"SetFact", event.CaseWritten, func() error { return l.SetFact(ctx, s, opened.ID, "hostile", "yes") }},
		{"AddNote", event.CaseWritten, func() error { return l.AddNote(ctx, s, opened.ID, "called the police") }},
		{"AddTask", event.CaseWritten, func() error { return l.AddTask(ctx, s, opened.ID, account.NewTask{Text: "call the schools"}) }},
		{"EndTask", event.CaseWritten, func() error { return l.EndTask(ctx, s, opened.ID, 3) }},
		{"Attach", event.CaseWritten, func() error { return second(l.Attach(ctx, s, opened.ID, "screen.png", []byte("x"))) }},
		{"Attachment", event.CaseRead, func() error { _, _, err := l.Attachment(ctx, s, opened.ID, 4); return err }},
		{"SetPapers", event.CaseWritten, func() error { return l.SetPapers(ctx, s, opened.ID, []byte("{}"), 0) }},
		{"Decide", event.Proposed, func() error { return second(l.Decide(ctx, s, opened.ID, "tell all schools today")) }},
		{"SetHold", event.CaseWritten, func() error { return second(l.SetHold(ctx, s, opened.ID, account.NewHold{})) }},
		{"CloseCase", event.CaseClosed, func() error { return l.CloseCase(ctx, s, opened.ID, "an exercise") }},
		{"Thaw", event.Proposed, func() error { return second(l.Thaw(ctx, s, stop.ID, "looked at")) }},
	}
}

// actsOnSelf are those on what is one's own, the last of which ends everything.
func actsOnSelf(t *testing.T, l *Local, p *someone, s *id.Session) []told {
	ctx := t.Context()
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	var device account.Credentials
	var token account.Token
	login := func() error { return second(l.Login(ctx, device)) }
	return []told{
		{"NewRecoveries", event.FactorMade, func() error { return second(l.NewRecoveries(ctx, *s)) }},
		{"EndFactor", event.FactorMade, func() error {
			e, err := l.BeginFactor(ctx, *s, account.App, "", origin)
			if err != nil {
				return err
			}
			p.app = l.tickets.get(e.Ticket, home, *p.clock).app
			return second(l.EndFactor(ctx, *s, account.NewFactor{Ticket: e.Ticket, Code: p.code()}, origin))
		}},
		{"SetPassword", event.AccountChanged, func() error { p.password = "ame no hi no kasa"; return l.SetPassword(ctx, *s, "", p.password) }},
		{"MakeDevice", event.DeviceMade, func() error { device = p.device(*s, "desk"); return nil }},
		{"Login", event.Login, login},
		{"MakeToken", event.TokenMade, func() (err error) {
			token, err = l.MakeToken(ctx, *s, account.NewToken{Name: "script", Scopes: []account.Scope{account.FilesRead}, Days: 1})
			return err
		}},
		{"RemoveToken", event.TokenRemoved, func() error { return l.RemoveToken(ctx, *s, token.ID) }},
		{"CloseDay", event.DayClosed, func() error { return l.CloseDay(ctx, *s, p.name) }},
		{"Login", event.LoginFailed, login}, // outside the day: the ledger says which computer's password it is
		{"OpenDay", event.DayOpened, func() error { return second(l.OpenDay(ctx, *s, 0)) }},
		{"End", event.Logout, func() error {
			x, err := l.Login(ctx, device)
			if err != nil {
				return err
			}
			return l.End(ctx, x.ID, "hung up")
		}},
		{"RemoveDevice", event.DeviceRemoved, func() error { return l.RemoveDevice(ctx, *s, p.name, "desk") }},
		{"AddDeviceKey", event.DeviceMade, func() error { return l.AddDeviceKey(ctx, *s, p.name, "mac", string(ssh.MarshalAuthorizedKey(key))) }},
		{"SignIn", event.LoginFailed, func() error { _, _, err := l.SignIn(ctx, browser, p.name, "not this one"); return err }},
		{"SignInCode", event.LoginFailed, func() error { _, _, err := l.SignInCode(ctx, browser, p.begin().Ticket, "000000"); return err }},
		{"SignInCode", event.Login, func() error { p.in(); return nil }},
		{"SignInPasskey", event.LoginFailed, func() error {
			step, err := l.SignInWithPasskey(ctx, browser)
			if err != nil {
				return err
			}
			_, _, err = l.SignInPasskey(ctx, browser, step.Ticket, []byte("{}"))
			return err
		}},
		{"EndSession", event.Logout, func() error { return l.EndSession(ctx, *s, p.in()) }},
		{"EndFactor", event.FactorMade, func() error {
			e, err := l.BeginFactor(ctx, *s, account.Passkey, "", origin)
			if err != nil {
				return err
			}
			return second(l.EndFactor(ctx, *s, account.NewFactor{Ticket: e.Ticket, Name: "k", Credential: passkeytest.New(t, origin).Create(t, e.Passkey)}, origin))
		}},
		{"RemoveFactor", event.FactorRemoved, func() error {
			return l.RemoveFactor(ctx, *s, l.books.Load().known(p.name).Passkeys[0].ID)
		}},
		{"Logout", event.Logout, func() error { return l.Logout(ctx, *s) }},
		{"RenewAll", event.RenewalBegun, func() error { return l.RenewAll(ctx, p.in(), "the VPN was broken into") }},
	}
}

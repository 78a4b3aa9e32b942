package api

import (
	"cmp"
	"encoding"
	"encoding/json"
	"iter"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/vault"
)

// operation describes an endpoint for those who write programs: OpenAPI 3.1, https://spec.openapis.org/oas/v3.1.1.
type operation struct {
	pattern string // as the mux has it
	says    string
	query   []string // names of parameters in the query
	in, out any      // a value of what is sent and answered; nil: nothing
	kind    string   // of the answer: "" JSON, "lines" one JSON object a line, "bytes", "batch"
	body    string   // of the request: "" JSON, "bytes", "batch"
	open    bool     // it needs no session
}

// operations are all endpoints. A test compares them with the routes.
var operations = []operation{
	{pattern: "GET /v1/house", says: "What everybody may know before logging in.", out: House{}, open: true},
	{pattern: "POST /v1/login", says: "Begin a login with a password. The last step of a login sets the session's cookie.", in: LoginRequest{}, out: Step{}, open: true},
	{pattern: "POST /v1/login/step", says: "Where a login stands, with a new challenge for a passkey.", in: Ticket{}, out: Step{}, open: true},
	{pattern: "POST /v1/login/code", says: "Go on with a code of the authenticator app, or a recovery code.", in: CodeRequest{}, out: Step{}, open: true},
	{pattern: "POST /v1/login/passkey/begin", says: "Begin a login with a passkey alone.", out: Step{}, open: true},
	{pattern: "POST /v1/login/passkey", says: "Go on with a passkey.", in: PasskeyRequest{}, out: Step{}, open: true},
	{pattern: "POST /v1/login/provider/begin", says: "Begin a login at the firm's identity provider (OpenID Connect): the browser goes to redirect. With a token, an invitation is accepted so.", in: ProviderRequest{}, out: Step{}, open: true},
	{pattern: "POST /v1/login/provider", says: "Go on with what the browser has brought back from there.", in: ProviderAnswer{}, out: Step{}, open: true},
	{pattern: "POST /v1/login/password", says: "Choose the new password that a login wants.", in: PasswordRequest{}, out: Step{}, open: true},
	{pattern: "POST /v1/login/factors", says: "Begin to set up the second factor that a login wants.", in: FactorRequest{}, out: Enrolment{}, open: true},
	{pattern: "POST /v1/login/factors/confirm", says: "End it.", in: NewFactor{}, out: Step{}, open: true},
	{pattern: "POST /v1/invitation", says: "What an invitation says.", in: InvitationRequest{}, out: Invitation{}, open: true},
	{pattern: "POST /v1/invitation/accept", says: "Accept an invitation with a password.", in: InvitationRequest{}, out: Step{}, open: true},
	{pattern: "POST /v1/strength", says: "How strong a password would be.", in: StrengthRequest{}, out: Strength{}, open: true},
	{pattern: "POST /v1/logout", says: "End the session, and the day with it."},
	{pattern: "POST /v1/me/proof", says: "Begin to prove the second factor anew; go on as with a login.", out: Step{}},

	{pattern: "GET /v1/me", says: "The caller.", out: Me{}},
	{pattern: "PUT /v1/me/password", says: "Change one's password.", in: PasswordRequest{}},
	{pattern: "PUT /v1/me/day", says: "Open one's day: the file doors, for one's devices.", in: DayRequest{}, out: Day{}},
	{pattern: "DELETE /v1/me/day", says: "Close it."},
	{pattern: "POST /v1/me/factors", says: "Begin to set up a second factor.", in: FactorRequest{}, out: Enrolment{}},
	{pattern: "POST /v1/me/factors/confirm", says: "End it. With the first come recovery codes.", in: NewFactor{}, out: Recoveries{}},
	{pattern: "DELETE /v1/me/factors/{id}", says: "Remove a second factor, but not the last."},
	{pattern: "POST /v1/me/identity", says: "Begin to tie one's account to an identity at the firm's provider; go on as with a login.", out: Step{}},
	{pattern: "DELETE /v1/me/identity", says: "Untie it."},
	{pattern: "POST /v1/me/recovery", says: "Make new recovery codes.", out: Recoveries{}},
	{pattern: "POST /v1/me/tokens", says: "Make a token for a program.", in: NewToken{}, out: Token{}},
	{pattern: "DELETE /v1/me/tokens/{id}", says: "Make a token useless."},

	{pattern: "GET /v1/files/{path...}", says: "The content of a file, or of one of its versions.", query: []string{"number", "version", "purpose"}, kind: "bytes"},
	{pattern: "PUT /v1/files/{path...}", says: "Save a file: one more version. If-Match and If-None-Match: * make it conditional, Azekura-Modified sets its time.", body: "bytes", out: Info{}},
	{pattern: "GET /v1/stat/{path...}", says: "What stands at a path.", out: Info{}},
	{pattern: "GET /v1/list/{path...}", says: "The entries of a directory, in no order.", out: Info{}, kind: "lines"},
	{pattern: "GET /v1/removed/{path...}", says: "What was removed from a directory.", out: Info{}, kind: "lines"},
	{pattern: "GET /v1/history/{path...}", says: "What happened to a file, latest first.", out: Change{}, kind: "lines"},
	{pattern: "GET /v1/search/{path...}", says: "What has a text in its name, below a directory.", query: []string{"q", "limit"}, out: Info{}, kind: "lines"},
	{pattern: "POST /v1/mkdir/{path...}", says: "Make a directory; with parents=1 those above it, too.", query: []string{"parents"}},
	{pattern: "POST /v1/remove/{path...}", says: "Remove a file or directory. Nothing is lost."},
	{pattern: "POST /v1/rename", says: "Move a file or directory.", in: RenameRequest{}},
	{pattern: "POST /v1/restore", says: "Make an earlier state the one that is shown.", in: RestoreRequest{}, out: Restored{}, kind: "lines"},
	{pattern: "POST /v1/batch/save", says: "Save many files in one request. docs/json.md has the framing.", body: "batch", out: Saved{}, kind: "lines"},
	{pattern: "POST /v1/batch/open", says: "Read many files with one release.", in: OpenRequest{}, kind: "batch"},

	{pattern: "POST /v1/previews", says: "Open the small pictures of many files with one release, which holds for some minutes; and tell which there are.", in: PreviewsRequest{}, out: Preview{}, kind: "lines"},
	{pattern: "GET /v1/previews/{path...}", says: "The small picture of a file or of one of its versions, a JPEG; with large=1 one for a screen. 404 with Retry-After: it is being made.", query: []string{"number", "version", "large"}, kind: "bytes"},

	{pattern: "OPTIONS /v1/uploads", says: "What of tus is spoken: uploads that go on where they broke off, https://tus.io."},
	{pattern: "POST /v1/uploads", says: "Begin an upload (tus). Upload-Metadata has path, and modified; the answer's Location is where it goes on."},
	{pattern: "HEAD /v1/uploads/{id}", says: "How much has come (tus)."},
	{pattern: "PATCH /v1/uploads/{id}", says: "The next part (tus). With the last byte it becomes a version.", body: "bytes"},
	{pattern: "DELETE /v1/uploads/{id}", says: "Give an upload up (tus)."},

	{pattern: "GET /v1/shares", says: "The shares that the caller may read.", out: Share{}, kind: "lines"},
	{pattern: "POST /v1/shares", says: "Make a share.", in: NewShare{}, out: Share{}},
	{pattern: "GET /v1/shares/{name}/rights", says: "Who may do what in a share.", out: Right{}, kind: "lines"},
	{pattern: "GET /v1/shares/{name}/networks", says: "From where a share may be used.", out: Networks{}},
	{pattern: "PUT /v1/shares/{name}/networks", says: "Say from where a share may be used.", in: Networks{}},
	{pattern: "GET /v1/firm", says: "What reports say of the firm: to those who see cases, investigate or settle the policy.", out: Firm{}},
	{pattern: "PUT /v1/firm", says: "Write it. The name is that of the policy.", in: Firm{}},
	{pattern: "GET /v1/register", says: "The register of personal data: all lines for those who see people or investigate, for others those of the shares in which they give rights.", out: RegisterLine{}, kind: "lines"},
	{pattern: "PUT /v1/register", says: "Read the register in from a table, CSV or XLSX, as it is written out: all of it, or nothing if a row is wrong. What it does not name stays.", query: []string{"file", "encoding", "sheet"}, body: "bytes", out: RegisterResult{}},
	{pattern: "PUT /v1/shares/{name}/register", says: "Write the line of a share in the register. What it says of single schools stays.", in: Register{}},
	{pattern: "PUT /v1/shares/{name}/register/schools", says: "Write what the register says of single schools in a share with several; it replaces what it said.", in: SchoolLines{}},
	{pattern: "POST /v1/shares/{name}/roster/look", says: "How a list of persons, CSV or XLSX, would be read: its first rows, what its columns say, and what is wrong.", query: []string{"file", "mapping", "encoding", "sheet"}, body: "bytes", out: RosterPreview{}},
	{pattern: "PUT /v1/shares/{name}/roster", says: "Make a list of persons the roster of a share: all of it, or nothing if a line is wrong. Its rules and schools stay.", query: []string{"file", "mapping", "encoding", "sheet"}, body: "bytes", out: RosterResult{}},
	{pattern: "GET /v1/shares/{name}/roster", says: "The persons in the roster of a share. The ledger records the reading.", out: RosterPerson{}, kind: "lines"},
	{pattern: "GET /v1/shares/{name}/roster/links", says: "How paths in a share tell persons, what is known of the schools, how many persons they have, and whether budgets count them.", out: RosterView{}},
	{pattern: "PUT /v1/shares/{name}/roster/links", says: "Say it. Where the keeper has no template for persons of its own, the first rule for persons becomes it; the answer says so, or why not.", in: RosterLinks{}, out: PersonsBudget{}},
	{pattern: "PUT /v1/shares/{name}/roster/schools", says: "Say whom to tell of each school and whether it is a public body, by a list with the headings school, contact, public: all of it, or nothing if a line is wrong.", query: []string{"file", "encoding", "sheet"}, body: "bytes", out: SchoolsResult{}},
	{pattern: "POST /v1/shares/{name}/roster/coverage", says: "How many files the rules of a share, or others, link to whom.", in: CoverageRequest{}, out: Coverage{}},
	{pattern: "PUT /v1/rights", says: "Give, change or take rights of an account or a group.", in: Right{}},
	{pattern: "GET /v1/shares/{name}/persons", says: "How the names in a share tell persons.", out: Persons{}},
	{pattern: "PUT /v1/shares/{name}/persons", says: "Say it.", in: Persons{}},
	{pattern: "GET /v1/sessions", says: "Who is at work.", out: Session{}, kind: "lines"},
	{pattern: "DELETE /v1/sessions/{id}", says: "End a session."},
	{pattern: "GET /v1/accounts", says: "The accounts that the caller may see.", out: Account{}, kind: "lines"},
	{pattern: "POST /v1/accounts", says: "Make an account.", in: NewAccount{}},
	{pattern: "DELETE /v1/accounts/{name}", says: "Remove an account. Its history stays. 202: it waits for a second person.", out: Outcome{}},
	{pattern: "PUT /v1/accounts/{name}/password", says: "Set a password: one's own, or from the console.", in: Secret{}},
	{pattern: "PUT /v1/accounts/{name}/disabled", says: "Close an account, or open it again. 202: it waits for a second person.", in: Disabled{}, out: Outcome{}},
	{pattern: "PUT /v1/accounts/{name}/role", says: "Give another role. 202: it waits for a second person.", in: RoleRequest{}, out: Outcome{}},
	{pattern: "PUT /v1/accounts/{name}/networks", says: "From where an account may be used. 202: it waits for a second person.", in: Networks{}, out: Outcome{}},
	{pattern: "POST /v1/accounts/{name}/invitation", says: "Make an invitation.", out: Invitation{}},
	{pattern: "POST /v1/accounts/{name}/reset-factors", says: "Take password and second factors away. 202: it waits for a second person.", in: RenewalRequest{}, out: Outcome{}},
	{pattern: "DELETE /v1/accounts/{name}/sessions", says: "End an account's sessions."},
	{pattern: "PUT /v1/accounts/{name}/day", says: "Open somebody's day, from the console.", in: DayRequest{}, out: Day{}},
	{pattern: "DELETE /v1/accounts/{name}/day", says: "Close somebody's day."},
	{pattern: "PUT /v1/accounts/{name}/devices/{device}", says: "Let a device in: by a password, which is made, or by an SSH key.", in: NewDevice{}, out: Secret{}},
	{pattern: "DELETE /v1/accounts/{name}/devices/{device}", says: "Make a device's password or key useless."},
	{pattern: "GET /v1/groups", says: "The groups that the caller may see.", out: Group{}, kind: "lines"},
	{pattern: "PUT /v1/groups/{name}", says: "Make a group, or give it other members.", in: Group{}},
	{pattern: "DELETE /v1/groups/{name}", says: "Remove a group and the rights it gave."},
	{pattern: "GET /v1/proposals", says: "The acts that wait for a second person.", out: Proposal{}, kind: "lines"},
	{pattern: "POST /v1/proposals/{id}/confirm", says: "The second person's yes."},
	{pattern: "DELETE /v1/proposals/{id}", says: "Take a proposal back, or refuse it."},
	{pattern: "GET /v1/held", says: "What the guard holds back in the shares that the caller may read: stored, and shown to its author alone.", out: Held{}, kind: "lines"},
	{pattern: "POST /v1/held/{id}", says: "Accept what is held, or discard it.", in: SettleRequest{}},
	{pattern: "POST /v1/damage", says: "What the suspects of a case, or some accounts, devices or sessions since a time, have done to which files, in the shares that the caller may read, or, for those who investigate, in all.", in: DamageRequest{}, out: DamageLine{}, kind: "lines"},
	{pattern: "POST /v1/rollback", says: "Take that back: it only adds, and what others have changed since stays.", in: RollbackRequest{}, out: RollbackLine{}, kind: "lines"},
	{pattern: "POST /v1/alerts/test", says: "Send a test of the alerts, by mail and webhook."},
	{pattern: "GET /v1/stops", says: "What is frozen.", out: Stop{}, kind: "lines"},
	{pattern: "POST /v1/stops", says: "Freeze a session, an account, a device, an address, a share or everything. Everybody may freeze themselves.", in: FreezeRequest{}, out: Stop{}},
	{pattern: "POST /v1/stops/{id}/thaw", says: "Ask to lift a freeze. 202: it waits for a second person.", in: ThawRequest{}, out: Outcome{}},
	{pattern: "GET /v1/cases", says: "The cases, the latest first. One opens by itself when somebody is frozen.", out: Case{}, kind: "lines"},
	{pattern: "POST /v1/cases", says: "Open a case by hand. Who is named in it is not frozen by it.", in: CaseRequest{}, out: Case{}},
	{pattern: "POST /v1/cases/{id}/suspects", says: "Add suspects to an open case, or change the time in which they are distrusted.", in: CaseRequest{}, out: Case{}},
	{pattern: "POST /v1/cases/{id}/close", says: "Close a case, with what was found.", in: CaseClosing{}},
	{pattern: "GET /v1/cases/{id}/findings", says: "What the records say of a case: what was altered, what could have been read, of whom, in three numbers. Rosters are read for it, which the ledger records.", out: Findings{}},
	{pattern: "GET /v1/cases/{id}/progress", says: "How far the findings of a case are, which are begun if they are not there; everybody who sees the same waits for the same. 202 until they are ready, then 200. It answers after a second at the latest.", out: CaseProgress{}},
	{pattern: "GET /v1/cases/{id}/deadlines", says: "What the firm must tell by when in a case, with the days counted today. It does not wait for findings: it says when persons were counted, if they were.", out: Due{}},
	{pattern: "GET /v1/cases/{id}/deadlines.ics", says: "The same as a calendar (RFC 5545), with reminders. Taken in again, entries move.", kind: "bytes"},
	{pattern: "POST /v1/cases/{id}/exposed", says: "Open a number of the findings: its persons, or its files with the entries of the ledger that prove it.", in: ExposedRequest{}, out: Exposed{}, kind: "lines"},
	{pattern: "GET /v1/cases/{id}/clients", says: "On whose behalf the data is held that a case concerns, with numbers for each.", out: CaseClient{}, kind: "lines"},
	{pattern: "GET /v1/cases/{id}/papers", says: "The papers that can be made of a case.", query: []string{"lang"}, out: Paper{}, kind: "lines"},
	{pattern: "GET /v1/cases/{id}/papers/{kind}", says: "A paper, as pdf, docx, html or, of lists, xlsx; of one client where it is for clients.", query: []string{"format", "client", "lang"}, kind: "bytes"},
	{pattern: "GET /v1/cases/{id}/papers/{kind}/fields", says: "What stands in the fields of a paper, and which are still to be filled in.", query: []string{"client", "lang"}, out: PaperField{}, kind: "lines"},
	{pattern: "PUT /v1/cases/{id}/papers/{kind}/fields", says: "Write over a field of a paper, in one language. It stays when the paper is made again.", query: []string{"lang"}, in: PaperEdit{}},
	{pattern: "POST /v1/cases/{id}/papers/{kind}/file", says: "Keep a paper as it is handed in, among the attachments of the case; the final report shows what has changed since the first.", query: []string{"lang"}, in: PaperFiling{}},
	{pattern: "GET /v1/cases/{id}/packs", says: "A ZIP with a folder for each client that is concerned: its letter as PDF and DOCX, its lists as XLSX.", query: []string{"lang"}, kind: "bytes"},
	{pattern: "GET /v1/cases/{id}", says: "A case with all that stands at its desk.", out: Case{}},
	{pattern: "GET /v1/cases/{id}/timeline", says: "What the ledger tells of a case's time, counted in slots, of everybody and of the suspects. Without from and to it is a little more than the time in which somebody is distrusted.", query: []string{"from", "to", "slots"}, out: Timeline{}},
	{pattern: "POST /v1/cases/{id}/trust", says: "Take a party out of an open case, with a reason.", in: Trusting{}},
	{pattern: "POST /v1/cases/{id}/knowing", says: "Enter who in the firm knew of an open case, and since when; change that, or take it away. 202: the clock of the law would begin later, and it waits for a second person.", in: NewKnowing{}, out: Outcome{}},
	{pattern: "PUT /v1/cases/{id}/facts/{key}", says: "Set what only people know of an open case.", in: FactValue{}},
	{pattern: "GET /v1/facts", says: "What only people know of a case: which facts there are, and what they may be.", out: FactField{}, kind: "lines"},
	{pattern: "POST /v1/cases/{id}/notes", says: "Add a note to an open case. Nobody can change it.", in: CaseText{}},
	{pattern: "POST /v1/cases/{id}/tasks", says: "Add a task to an open case.", in: NewTask{}},
	{pattern: "POST /v1/cases/{id}/tasks/{number}/done", says: "Say that a task is done."},
	{pattern: "POST /v1/cases/{id}/attachments", says: "Put a file into an open case: at most 20 MiB.", query: []string{"name"}, body: "bytes", out: Attachment{}},
	{pattern: "GET /v1/cases/{id}/attachments/{number}", says: "A file of a case. That it went out is recorded.", kind: "bytes"},
	{pattern: "POST /v1/cases/{id}/decisions", says: "Ask for a decision in an open case. 202: it waits for a second person.", in: CaseText{}, out: Outcome{}},
	{pattern: "PUT /v1/cases/{id}/hold", says: "Say of which shares a case lets nothing be purged. 202: it would hold less, and waits for a second person.", in: NewHold{}, out: Outcome{}},
	{pattern: "GET /v1/cases/{id}/lookup", says: "The page of a case on which everybody who has its address finds out whether somebody is in its scope.", out: Lookup{}},
	{pattern: "POST /v1/cases/{id}/lookup", says: "Ask to open that page, or to let it answer from what the records say now. 202: it waits for a second person.", in: LookupRequest{}, out: Outcome{}},
	{pattern: "DELETE /v1/cases/{id}/lookup", says: "Close it, at once."},
	{pattern: "GET /v1/lookup/{token}", says: "What the page says to everybody.", out: LookupPage{}, open: true},
	{pattern: "POST /v1/lookup/{token}", says: "Ask it about one person. Who stands in no roster gets the answer of who is not in scope. 429: beyond what one address, or all together, may ask.", in: LookupQuestion{}, out: LookupReply{}, open: true},
	{pattern: "GET /v1/cases/{id}/inquiries", says: "The calls, letters and mails about a case, the latest first.", query: []string{"status", "q"}, out: Inquiry{}, kind: "lines"},
	{pattern: "POST /v1/cases/{id}/inquiries", says: "Write one down, or change the one whose id is given.", in: Inquiry{}, out: Inquiry{}},
	{pattern: "GET /v1/shares/{name}/receipt", says: "A receipt of a share for whoever has entrusted its files: json, which can be verified offline, html or pdf.", query: []string{"school", "month", "format"}, kind: "bytes"},
	{pattern: "POST /v1/shares/{name}/receipt/links", says: "Make a link by which they get it without logging in.", in: ReceiptRequest{}, out: ReceiptLink{}},
	{pattern: "GET /v1/receipts", says: "The links that can be opened.", out: ReceiptLink{}, kind: "lines"},
	{pattern: "DELETE /v1/receipts/{id}", says: "Make a link useless."},
	{pattern: "GET /v1/receipt/{token}", says: "The receipt of a link.", query: []string{"format"}, kind: "bytes", open: true},
	{pattern: "GET /v1/readings", says: "What accounts have read today of their budgets: the caller's, and everybody's for those who see people.", out: Readings{}, kind: "lines"},
	{pattern: "GET /v1/jobs", says: "The large readings that two people have agreed on.", out: Job{}, kind: "lines"},
	{pattern: "POST /v1/jobs", says: "Ask for a job: a large reading beside the budget, for oneself or, in shares where one gives rights, for others. 202: it waits for a second person.", in: NewJob{}, out: Outcome{}},
	{pattern: "DELETE /v1/jobs/{id}", says: "End a job before its time."},
	{pattern: "GET /v1/traps", says: "What nobody has a reason to touch, for those who may freeze.", out: Trap{}, kind: "lines"},
	{pattern: "POST /v1/traps", says: "Set a trap: who reads or changes it from then on is frozen.", in: NewTrap{}, out: Trap{}},
	{pattern: "DELETE /v1/traps/{id}", says: "Ask to take a trap away. 202: it waits for a second person.", out: Outcome{}},
	{pattern: "GET /v1/renewal", says: "How far the renewal of all passwords is.", out: Renewal{}},
	{pattern: "POST /v1/renewal", says: "Have everybody set a new password; all that is open ends at once, this session, too.", in: RenewalRequest{}, out: Renewal{}},
	{pattern: "GET /v1/policy", says: "What holds for everybody.", out: Policy{}},
	{pattern: "GET /v1/witnesses", says: "Who watches the ledger, and how far each has cosigned and copied it.", out: Witnesses{}},
	{pattern: "PUT /v1/witnesses", says: "Change it. 202: it waits for a second person.", in: account.Witnessing{}, out: Outcome{}},
	{pattern: "PUT /v1/policy", says: "Change it. 202: it waits for a second person.", in: Policy{}, out: Outcome{}},

	{pattern: "GET /v1/shares/{name}/erasure", says: "What the end of a share would take, or has taken: what it holds, which media and key cards have it, which cases keep it. To those who see people or give rights there.", out: Ending{}},
	{pattern: "POST /v1/shares/{name}/erasure", says: "Ask for the end of a share: its keys are destroyed. 202: it waits for a second person.", in: NewErasure{}, out: Outcome{}},
	{pattern: "GET /v1/shares/{name}/certificate", says: "The certificate of erasure of a share, as things stand now: json, which can be verified offline, html or pdf.", query: []string{"format"}, kind: "bytes"},
	{pattern: "GET /v1/recovery", says: "What a lost keeper would come back from: papers, key cards, and what is missing. To those who see people.", out: Reserve{}},
	{pattern: "POST /v1/recovery/papers", says: "Make the first papers, as JSON or PDF. The answer is the only copy there is.", in: PapersRequest{}, out: KeyPapers{}},
	{pattern: "GET /v1/shares/{name}/retention", says: "How long a share keeps what nobody has any more, and what was removed by that rule. To those who see people, confirm, or give rights there.", out: RetentionState{}},
	{pattern: "PUT /v1/shares/{name}/retention", says: "Set the rule of a share, in days; 0: for ever. Nothing is removed by that.", in: Retention{}},
	{pattern: "GET /v1/shares/{name}/retention/preview", says: "The preview that was made last.", out: Removal{}},
	{pattern: "POST /v1/shares/{name}/retention/preview", says: "Find out what the rule lets go, counted by the time of the ledger: progress, and the preview last. With background=1 it is done behind the answer, which comes after a second at the latest: how far it is stands in the state of the rule, too.", query: []string{"background"}, out: RemovalLine{}, kind: "lines"},
	{pattern: "GET /v1/shares/{name}/retention/versions", says: "The versions in that preview, by their present paths.", out: Expiring{}, kind: "lines"},
	{pattern: "POST /v1/shares/{name}/retention/removal", says: "Ask for the removal of what a preview has shown. 202: it waits for a second person.", in: AskRemoval{}, out: Outcome{}},
	{pattern: "POST /v1/shares/{name}/retention/run", says: "Remove what two people have agreed on, or less: progress, and what was removed last. Broken off, it goes on when it is sent again. With background=1 it is done behind the answer, which comes after a second at the latest: how far it is stands in the state of the rule, too.", query: []string{"background"}, out: RemovalLine{}, kind: "lines"},
	{pattern: "POST /v1/isolation/end", says: "Let a house that was restored speak with the world again, from the next start. 202: it waits for a second person.", in: Reason{}, out: Outcome{}},
	{pattern: "POST /v1/recovery/papers/renew", says: "Renew the papers and the root that they open. 202: it waits for a second person; then who asked does it again, and gets them.", in: PapersRequest{}, out: RenewedPapers{}},
	{pattern: "POST /v1/recovery/papers/test", says: "Say of papers whether they are right, and whether together they open the root. They are kept nowhere.", in: PaperTexts{}, out: PaperTest{}},
	{pattern: "POST /v1/recovery/cards", says: "Make a key card: what is to be put on an empty stick. It counts once it was read back.", in: NewCard{}, out: CardFile{}},
	{pattern: "POST /v1/recovery/cards/check", says: "What is on a card, whose file is sent, compared with the keeper.", body: "bytes", out: CardCheck{}},
	{pattern: "POST /v1/recovery/cards/{number}/refresh", says: "What is to be put on a card in place of what is there, which is sent if it can be read.", body: "bytes", out: CardFile{}},
	{pattern: "POST /v1/recovery/cards/{number}/written", says: "Say that a card holds what was given out for it last: the digest of what was read back.", in: CardDigest{}},
	{pattern: "POST /v1/recovery/cards/{number}/forget", says: "Say that a card is lost or destroyed.", in: CardGone{}},
	{pattern: "GET /v1/status", says: "The state of the installation.", out: Status{}},
	{pattern: "POST /v1/verify", says: "Verify the store.", in: VerifyRequest{}, out: VerifyLine{}, kind: "lines"},
	{pattern: "POST /v1/rebuild", says: "Make a share's catalogue anew.", in: RebuildRequest{}, out: RebuildLine{}, kind: "lines"},
	{pattern: "GET /v1/logs", says: "The lines of appliances that a query picks, the newest first, for those who read the whole ledger, which records the search. Times are RFC 3339.", query: []string{"from", "to", "device", "kind", "account", "address", "text", "limit"}, out: LogLine{}, kind: "lines"},
	{pattern: "GET /v1/logs/state", says: "How the logs of appliances are collected: from whom, how much, what was not stored.", out: LogState{}},
	{pattern: "PUT /v1/logs/settings", says: "Say who may send logs, how long they are kept, and since when there is no VPN. 202: what keeps or tells less waits for a second person.", in: Collecting{}, out: Outcome{}},
	{pattern: "POST /v1/logs/verify", says: "Compare every line that is stored with what the ledger knows of it. The ledger records what was found.", out: LogCheck{}},
	{pattern: "GET /v1/cases/{id}/appliances", says: "What appliances have told in the time of a case; what comes from where a suspect was, or has a suspect's name, is marked.", out: ApplianceEvents{}},
	{pattern: "GET /v1/drills", says: "The drills of restores that the house remembers, the latest first.", out: DrillList{}},
	{pattern: "POST /v1/drills", says: "Begin a drill with a key card and papers, before anything of the medium is opened; at the console only.", in: NewDrill{}, out: Drill{}},
	{pattern: "POST /v1/drills/rehearse", says: "Rehearse a medium with the keys of the house; at the console only.", in: DrillRequest{}, out: DrillLine{}, kind: "lines"},
	{pattern: "POST /v1/drills/{number}/readings", says: "Enter what is about to be opened with a key card and papers, for a drill that was begun; at the console only.", in: DrillReadingList{}, out: DrillGone{}},
	{pattern: "POST /v1/drills/{number}/end", says: "Enter what came of a drill that was begun; at the console only.", in: account.DrillResult{}, out: Drill{}},
	{pattern: "GET /v1/drills/{number}/report", says: "The report of a drill for auditors: pdf (as without a format) or html.", query: []string{"format"}, kind: "bytes"},
	{pattern: "GET /v1/media", says: "The media that copies of the house lie on, and how well it is copied.", out: Copies{}},
	{pattern: "POST /v1/media", says: "Make a medium of an empty folder of the storehouse's machine; at its console only.", in: NewMedium{}, out: Medium{}},
	{pattern: "POST /v1/media/sync", says: "Copy what is new to a medium that is connected; at the console only.", in: SyncRequest{}, out: SyncLine{}, kind: "lines"},
	{pattern: "POST /v1/media/{id}/checked", says: "Enter what a verification of a medium has found; at the console only.", in: CheckedRequest{}},
	{pattern: "POST /v1/media/{id}/ejected", says: "Enter that somebody lets a medium go; at the console only."},
	{pattern: "POST /v1/media/{id}/retire", says: "Strike a medium off: it counts as no copy any more.", in: RetireRequest{}},
	{pattern: "GET /v1/ledger/events", says: "Entries of the ledger, as far as the caller may see them.", query: []string{"from", "to", "actor", "share", "path", "kind", "limit", "newest", "before", "look"}, out: json.RawMessage{}, kind: "lines"},
	{pattern: "POST /v1/ledger/reading-key", says: "What an auditor needs to read a copy of the ledger. Giving it away is recorded.", out: json.RawMessage{}},
	{pattern: "GET /v1/ledger/head", says: "The head of the ledger, for paper; with a format, pdf or html, the sheet to print.", query: []string{"format"}, out: LedgerHead{}},
	{pattern: "GET /v1/ledger/proofs/{id}", says: "The proof that an entry stands in the ledger, for anybody.", out: Proof{}},
	{pattern: "GET /v1/openapi.json", says: "This description.", out: json.RawMessage{}, open: true},
}

// object is a piece of JSON.
type object = map[string]any

var variable = regexp.MustCompile(`\{([a-z]+)(\.\.\.)?\}`)

// OpenAPI describes the API, made from its types.
func OpenAPI() ([]byte, error) {
	s := schemas{}
	paths := object{}
	for _, o := range operations {
		method, path, _ := strings.Cut(o.pattern, " ")
		path = variable.ReplaceAllString(path, "{$1}")
		item, ok := paths[path].(object)
		if !ok {
			item = object{}
			paths[path] = item
		}
		item[strings.ToLower(method)] = o.describe(s, path)
	}
	out := object{
		"openapi": "3.1.1",
		"info": object{"title": "Azekura", "version": "1", "description": "Times are RFC 3339 in UTC. Errors are Problems, with the HTTP status of their kind. " +
			"A browser shows its session's cookie, a program a token of its owner as a bearer. Lists are one JSON object a line; a line {\"error\": …} ends one that cannot go on."},
		"paths":    paths,
		"security": []object{{"session": []string{}}, {"token": []string{}}},
		"components": object{"schemas": s, "securitySchemes": object{
			"session": object{"type": "apiKey", "in": "cookie", "name": "__Host-azekura"}, "token": object{"type": "http", "scheme": "bearer"}}},
	}
	s.of(reflect.TypeFor[Problem]())
	return json.MarshalIndent(out, "", " ")
}

func (o operation) describe(s schemas, path string) object {
	out := object{"summary": o.says, "operationId": strings.Trim(regexp.MustCompile(`[^a-z]+`).ReplaceAllString(strings.ToLower(o.pattern), "_"), "_")}
	var params []object
	for _, m := range variable.FindAllStringSubmatch(path, -1) {
		params = append(params, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	for _, q := range o.query {
		params = append(params, object{"name": q, "in": "query", "schema": object{"type": "string"}})
	}
	if params != nil {
		out["parameters"] = params
	}
	if o.open {
		out["security"] = []object{{}}
	}
	media := func(kind string, v any) object {
		switch {
		case kind == "bytes", kind == "batch":
			return object{"application/octet-stream": object{}}
		case kind == "lines":
			return object{"application/x-ndjson": object{"schema": s.of(reflect.TypeOf(v))}}
		}
		return object{"application/json": object{"schema": s.of(reflect.TypeOf(v))}}
	}
	if o.in != nil || o.body != "" {
		out["requestBody"] = object{"required": true, "content": media(o.body, o.in)}
	}
	problem := object{"description": "a problem", "content": object{"application/json": object{"schema": object{"$ref": "#/components/schemas/Problem"}}}}
	done, status := object{"description": "done"}, "204"
	if o.out != nil || o.kind != "" {
		done["content"], status = media(o.kind, o.out), "200"
	}
	answers := object{status: done, "default": problem}
	if _, two := o.out.(Outcome); two {
		answers["202"] = done
	}
	out["responses"] = answers
	return out
}

// schemas are the types by name, as JSON Schema 2020-12.
type schemas object

var textual = reflect.TypeFor[encoding.TextMarshaler]()

// of returns the schema of a type, and keeps those of structs by their names.
func (s schemas) of(t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[json.RawMessage]():
		return object{}
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t.Implements(textual) || reflect.PointerTo(t).Implements(textual):
		return object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.Slice, reflect.Array:
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		if list := words[t]; list != nil {
			return object{"type": "string", "enum": list}
		}
		return object{"type": "string"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Struct:
		name := t.Name()
		if t.PkgPath() == reflect.TypeFor[vault.Status]().PkgPath() {
			name = "Vault" + name
		}
		if s[name] == nil {
			s[name] = object{} // a type may hold itself
			s[name] = s.structure(t)
		}
		return object{"$ref": "#/components/schemas/" + name}
	}
	return object{"type": "integer"}
}

// structure is the schema of a struct, by its JSON tags.
func (s schemas) structure(t reflect.Type) object {
	fields, required := object{}, []string{}
	for name, f := range fieldsOf(t) {
		fields[name] = s.of(f.of)
		if f.required {
			required = append(required, name)
		}
	}
	out := object{"type": "object", "properties": fields}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

// field is a field of a JSON object.
type field struct {
	of       reflect.Type
	required bool // it is always there
}

// fieldsOf yields the fields of a struct as JSON has them.
func fieldsOf(t reflect.Type) iter.Seq2[string, field] {
	return func(yield func(string, field) bool) {
		for i := range t.NumField() {
			f := t.Field(i)
			name, opt, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "-" || !f.IsExported() {
				continue
			}
			if f.Anonymous && name == "" { // its fields stand beside the others
				for name, x := range fieldsOf(f.Type) {
					if !yield(name, x) {
						return
					}
				}
				continue
			}
			if !yield(cmp.Or(name, f.Name), field{f.Type, opt == "" && f.Type.Kind() != reflect.Pointer}) {
				return
			}
		}
	}
}

// words are the texts that a type of text can be.
var words = map[reflect.Type][]string{
	reflect.TypeFor[account.Role]():              texts(account.Roles...),
	reflect.TypeFor[account.Power]():             texts(append(account.Administrator.Powers(), account.GrantOwn)...),
	reflect.TypeFor[account.Want]():              texts(WantCode, WantPasskey, WantRecovery, WantPassword, WantFactor),
	reflect.TypeFor[account.AuthenticatorKind](): texts(App, Passkey, Recovery),
	reflect.TypeFor[account.Rights]():            texts(NoRights, CanRead, CanWrite),
	reflect.TypeFor[account.Scope]():             texts(FilesRead, FilesWrite, LedgerRead, AdminRead),
	reflect.TypeFor[Type]():                      texts(ShareEntry, Directory, RegularFile),
}

func texts[T ~string](list ...T) (out []string) {
	for _, x := range list {
		out = append(out, string(x))
	}
	slices.Sort(out)
	return out
}

// openapi answers with the API's description.
func (h *handler) openapi(w http.ResponseWriter, _ *http.Request) error {
	b, err := OpenAPI()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(b)
	return err
}

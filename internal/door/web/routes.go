package web

import "github.com/azekura/azekura/internal/problem"

// routes are all pages and what is sent from them, by the pattern of their requests.
func routes() []map[string]action {
	return []map[string]action{houseRoutes(), loginRoutes(), ownRoutes(), fileRoutes(), peopleRoutes(), registerRoutes(), caseRoutes(),
		inquiryRoutes(), reserveRoutes(), endRoutes(), logRoutes(), retentionRoutes(), copyRoutes()}
}

// houseRoutes are of the storehouse as a whole.
func houseRoutes() map[string]action {
	return map[string]action{
		"GET /{$}":                      {do: (*visit).home},
		"GET /register.csv":             {do: (*visit).registerTable},
		"GET /register.xlsx":            {do: (*visit).registerSheet},
		"GET /renewal":                  {do: (*visit).renewal},
		"POST /renewal":                 {do: (*visit).renew},
		"GET /ledger":                   {do: (*visit).ledger},
		"GET /proof/{index}":            {do: (*visit).proofOf},
		"GET /settings":                 {do: (*visit).settings},
		"POST /settings":                {do: (*visit).setPolicy},
		"POST /settings/witness/add":    {do: (*visit).addWitness},
		"POST /settings/witness/remove": {do: (*visit).removeWitness},
		"POST /settings/witness/mode":   {do: (*visit).witnessMode},
		"GET /":                         {do: func(*visit) error { return problem.New(problem.NotFound, "read", "", nil) }, anyone: true},
	}
}

// loginRoutes let somebody in and out.
func loginRoutes() map[string]action {
	return map[string]action{
		"GET /login":                 {do: (*visit).loginPage, anyone: true},
		"POST /login":                {do: (*visit).login, anyone: true},
		"POST /login/passkey/begin":  {do: (*visit).passkeyBegin, anyone: true},
		"POST /login/passkey":        {do: (*visit).loginPasskey, anyone: true},
		"POST /login/code":           {do: (*visit).loginCode, anyone: true},
		"POST /login/password":       {do: (*visit).loginPassword, anyone: true},
		"POST /login/factor":         {do: (*visit).loginFactor, anyone: true},
		"POST /login/factor/confirm": {do: (*visit).loginNewFactor, anyone: true},
		"GET /welcome":               {do: (*visit).welcomePage, anyone: true},
		"POST /welcome":              {do: (*visit).welcome, anyone: true},
		"POST /welcome/accept":       {do: (*visit).accept, anyone: true},
		"POST /welcome/provider":     {do: (*visit).acceptWithProvider, anyone: true},
		"POST /login/provider":       {do: (*visit).providerLogin, anyone: true},
		"GET /login/provider/back":   {do: (*visit).providerBack, anyone: true},
		"POST /strength":             {do: (*visit).strength, anyone: true},
		"POST /logout":               {do: (*visit).logout},
	}
}

// ownRoutes are of the person who is logged in.
func ownRoutes() map[string]action {
	return map[string]action{
		"GET /connect":                    {do: (*visit).connect},
		"POST /connect":                   {do: (*visit).makeDevice},
		"GET /connect/azekura-webdav.reg": {do: (*visit).registry},
		"GET /me":                         {do: (*visit).mine},
		"POST /me/{act}":                  {do: (*visit).act},
		"GET /me/proof":                   {do: (*visit).proofPage},
		"POST /me/proof":                  {do: (*visit).proofPage},
		"GET /me/password":                {do: (*visit).passwordPage},
		"GET /me/factor/{kind}":           {do: (*visit).factorPage},
	}
}

// fileRoutes show and save files.
func fileRoutes() map[string]action {
	return map[string]action{
		"GET /files/{path...}":    {do: (*visit).files},
		"GET /history/{path...}":  {do: (*visit).history},
		"GET /removed/{path...}":  {do: (*visit).removed},
		"GET /download/{path...}": {do: (*visit).download},
		"POST /upload/{path...}":  {do: (*visit).upload, stream: true},
		"POST /files/{path...}":   {do: (*visit).fileAct},
		"GET /readers/{path...}":  {do: (*visit).readers},
	}
}

// peopleRoutes are of people, and of what each may do where.
func peopleRoutes() map[string]action {
	return map[string]action{
		"GET /people":               {do: (*visit).people},
		"POST /people":              {do: (*visit).invite},
		"GET /people/{name}":        {do: (*visit).person},
		"POST /people/{name}/{act}": {do: (*visit).personAct},
		"GET /roles":                {do: (*visit).roles},
		"GET /groups":               {do: (*visit).groups},
		"POST /groups":              {do: (*visit).setGroup},
		"POST /groups/remove":       {do: (*visit).removeGroup},
		"GET /shares/{name}":        {do: (*visit).share},
		"POST /shares/{name}":       {do: (*visit).setRights},
		"POST /networks/{name}":     {do: (*visit).setShareNetworks},
		"POST /shares":              {do: (*visit).makeShare},
		"GET /proposals":            {do: (*visit).proposals},
		"POST /proposals/{act}":     {do: (*visit).proposalAct},
		"POST /persons/{name}":      {do: (*visit).setSharePersons},
	}
}

// registerRoutes are of the firm and of what it keeps of whom.
func registerRoutes() map[string]action {
	return map[string]action{
		"GET /firm":                        {do: (*visit).firm},
		"POST /firm":                       {do: (*visit).setFirm},
		"GET /register":                    {do: (*visit).register},
		"GET /register/{name}":             {do: (*visit).registerLine},
		"POST /register":                   {do: (*visit).importRegister, stream: true},
		"POST /register/{name}":            {do: (*visit).setRegister},
		"POST /register/{name}/school":     {do: (*visit).setSchool},
		"GET /roster/{name}":               {do: (*visit).roster},
		"POST /roster/{name}":              {do: (*visit).setLinks},
		"POST /roster/{name}/budget":       {do: (*visit).followRules},
		"POST /roster/{name}/schools":      {do: (*visit).sendSchools, stream: true},
		"POST /roster/{name}/list":         {do: (*visit).sendList, stream: true},
		"GET /roster/{name}/list/{token}":  {do: (*visit).listPage},
		"POST /roster/{name}/list/{token}": {do: (*visit).importList},
	}
}

// caseRoutes are of what was stopped, and of cases.
func caseRoutes() map[string]action {
	return map[string]action{
		"GET /guard":                           {do: (*visit).guard},
		"POST /guard/{act}":                    {do: (*visit).guardAct},
		"GET /cases":                           {do: (*visit).cases},
		"GET /cases/{id}":                      {do: (*visit).incident},
		"GET /cases/{id}/findings":             {do: waits((*visit).findings)},
		"GET /cases/{id}/papers":               {do: waits((*visit).papers)},
		"GET /cases/{id}/papers/{kind}":        {do: waits((*visit).paper)},
		"GET /cases/{id}/papers/{kind}/file":   {do: (*visit).paperFile},
		"POST /cases/{id}/papers/{kind}":       {do: (*visit).editPaper},
		"GET /cases/{id}/packs":                {do: (*visit).packs},
		"GET /cases/{id}/exposed":              {do: waits((*visit).exposed)},
		"GET /cases/{id}/deadlines":            {do: (*visit).deadlines},
		"GET /cases/{id}/damage":               {do: (*visit).damage},
		"POST /cases/{id}/{act}":               {do: (*visit).caseAct},
		"POST /cases/{id}/attach":              {do: (*visit).attach, stream: true},
		"GET /cases/{id}/deadlines.ics":        {do: (*visit).calendar},
		"GET /cases/{id}/attachments/{number}": {do: (*visit).attachment},
		"GET /guard/reading":                   {do: (*visit).reading},
		"POST /guard/reading/{act}":            {do: (*visit).readingAct},
	}
}

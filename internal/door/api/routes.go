package api

import "maps"

// routes are all endpoints for which somebody is logged in, by the pattern of their requests.
func (h *handler) routes() map[string]endpoint {
	all := make(map[string]endpoint)
	for _, part := range []map[string]endpoint{
		h.fileRoutes(), h.shareRoutes(), h.rosterRoutes(), h.peopleRoutes(), h.ownRoutes(), h.guardRoutes(), h.caseRoutes(), h.careRoutes(),
		h.deskRoutes(), h.inquiring(), h.mediaRoutes(), h.logRoutes(), h.drillRoutes(), h.reserving(), h.erasing(), h.retaining(),
	} {
		maps.Copy(all, part)
	}
	return all
}

// fileRoutes are of what people keep here.
func (h *handler) fileRoutes() map[string]endpoint {
	return map[string]endpoint{
		"GET /v1/files/{path...}":    h.get,
		"PUT /v1/files/{path...}":    h.put,
		"GET /v1/stat/{path...}":     h.stat,
		"GET /v1/list/{path...}":     h.list,
		"GET /v1/removed/{path...}":  h.removed,
		"GET /v1/history/{path...}":  h.history,
		"GET /v1/search/{path...}":   h.search,
		"POST /v1/mkdir/{path...}":   h.mkdir,
		"POST /v1/remove/{path...}":  h.remove,
		"POST /v1/rename":            h.rename,
		"POST /v1/restore":           h.restore,
		"POST /v1/batch/save":        h.saveBatch,
		"POST /v1/batch/open":        h.openBatch,
		"POST /v1/previews":          h.previews,
		"GET /v1/previews/{path...}": h.preview,
		"OPTIONS /v1/uploads":        h.uploadOptions,
		"POST /v1/uploads":           h.beginUpload,
		"HEAD /v1/uploads/{id}":      h.headUpload,
		"PATCH /v1/uploads/{id}":     h.patchUpload,
		"DELETE /v1/uploads/{id}":    h.endUpload,
	}
}

// shareRoutes are of shares, and of what is registered of them.
func (h *handler) shareRoutes() map[string]endpoint {
	return map[string]endpoint{
		"GET /v1/shares":                         h.shares,
		"POST /v1/shares":                        h.makeShare,
		"GET /v1/shares/{name}/rights":           h.shareRights,
		"GET /v1/shares/{name}/networks":         h.shareNetworks,
		"PUT /v1/shares/{name}/networks":         h.setShareNetworks,
		"GET /v1/shares/{name}/persons":          h.sharePersons,
		"PUT /v1/shares/{name}/persons":          h.setSharePersons,
		"GET /v1/firm":                           h.firm,
		"PUT /v1/firm":                           h.setFirm,
		"GET /v1/register":                       h.register,
		"PUT /v1/register":                       h.importRegister,
		"PUT /v1/shares/{name}/register":         h.setRegister,
		"PUT /v1/shares/{name}/register/schools": h.setSchoolLines,
		"PUT /v1/rights":                         h.setRights,
	}
}

// rosterRoutes are of the list that says which file shows whom.
func (h *handler) rosterRoutes() map[string]endpoint {
	return map[string]endpoint{
		"POST /v1/shares/{name}/roster/look":     h.lookAtRoster,
		"PUT /v1/shares/{name}/roster":           h.setRoster,
		"GET /v1/shares/{name}/roster":           h.roster,
		"GET /v1/shares/{name}/roster/links":     h.links,
		"PUT /v1/shares/{name}/roster/links":     h.setLinks,
		"PUT /v1/shares/{name}/roster/schools":   h.setSchools,
		"POST /v1/shares/{name}/roster/coverage": h.coverage,
	}
}

// peopleRoutes are of people, and of what two of them decide.
func (h *handler) peopleRoutes() map[string]endpoint {
	return map[string]endpoint{
		"GET /v1/sessions":                            h.sessions,
		"DELETE /v1/sessions/{id}":                    h.endSession,
		"GET /v1/accounts":                            h.accounts,
		"POST /v1/accounts":                           h.makeAccount,
		"DELETE /v1/accounts/{name}":                  h.removeAccount,
		"PUT /v1/accounts/{name}/password":            h.setPassword,
		"PUT /v1/accounts/{name}/disabled":            h.setDisabled,
		"PUT /v1/accounts/{name}/role":                h.setRole,
		"PUT /v1/accounts/{name}/networks":            h.setAccountNetworks,
		"POST /v1/accounts/{name}/invitation":         h.invite,
		"POST /v1/accounts/{name}/reset-factors":      h.resetFactors,
		"DELETE /v1/accounts/{name}/sessions":         h.endSessionsOf,
		"PUT /v1/accounts/{name}/day":                 h.openDayOf,
		"DELETE /v1/accounts/{name}/day":              h.closeDayOf,
		"PUT /v1/accounts/{name}/devices/{device}":    h.makeDevice,
		"DELETE /v1/accounts/{name}/devices/{device}": h.removeDevice,
		"GET /v1/groups":                              h.groups,
		"PUT /v1/groups/{name}":                       h.setGroup,
		"DELETE /v1/groups/{name}":                    h.removeGroup,
		"GET /v1/proposals":                           h.proposals,
		"POST /v1/proposals/{id}/confirm":             h.confirm,
		"DELETE /v1/proposals/{id}":                   h.withdraw,
	}
}

// ownRoutes are of the person who asks.
func (h *handler) ownRoutes() map[string]endpoint {
	return map[string]endpoint{
		"GET /v1/me":                  h.me,
		"PUT /v1/me/password":         h.changePassword,
		"PUT /v1/me/day":              h.openDay,
		"DELETE /v1/me/day":           h.closeDay,
		"POST /v1/me/factors":         h.beginFactor,
		"POST /v1/me/factors/confirm": h.endFactor,
		"DELETE /v1/me/factors/{id}":  h.removeFactor,
		"DELETE /v1/me/identity":      h.removeIdentity,
		"POST /v1/me/recovery":        h.newRecoveries,
		"POST /v1/me/tokens":          h.makeToken,
		"DELETE /v1/me/tokens/{id}":   h.removeToken,
	}
}

// guardRoutes are of what is stopped, limited and undone.
func (h *handler) guardRoutes() map[string]endpoint {
	return map[string]endpoint{
		"GET /v1/held":             h.held,
		"POST /v1/held/{id}":       h.settle,
		"POST /v1/damage":          h.damage,
		"POST /v1/rollback":        h.rollback,
		"POST /v1/alerts/test":     h.testAlert,
		"GET /v1/stops":            h.stops,
		"POST /v1/stops":           h.freeze,
		"POST /v1/stops/{id}/thaw": h.thaw,
		"GET /v1/readings":         h.readings,
		"GET /v1/jobs":             h.jobs,
		"POST /v1/jobs":            h.askJob,
		"DELETE /v1/jobs/{id}":     h.endJob,
		"GET /v1/traps":            h.traps,
		"POST /v1/traps":           h.addTrap,
		"DELETE /v1/traps/{id}":    h.removeTrap,
	}
}

// caseRoutes are of cases and their papers.
func (h *handler) caseRoutes() map[string]endpoint {
	return map[string]endpoint{
		"GET /v1/cases":                           h.cases,
		"POST /v1/cases":                          h.openCase,
		"POST /v1/cases/{id}/suspects":            h.suspect,
		"POST /v1/cases/{id}/close":               h.closeCase,
		"GET /v1/cases/{id}/findings":             h.findings,
		"GET /v1/cases/{id}/progress":             h.caseProgress,
		"POST /v1/cases/{id}/exposed":             h.exposed,
		"GET /v1/cases/{id}/clients":              h.caseClients,
		"GET /v1/cases/{id}/papers":               h.papers,
		"GET /v1/cases/{id}/papers/{kind}":        h.paper,
		"GET /v1/cases/{id}/papers/{kind}/fields": h.paperFields,
		"PUT /v1/cases/{id}/papers/{kind}/fields": h.editPaper,
		"POST /v1/cases/{id}/papers/{kind}/file":  h.filePaper,
		"GET /v1/cases/{id}/packs":                h.packs,
	}
}

// careRoutes are of the storehouse itself and its ledger.
func (h *handler) careRoutes() map[string]endpoint {
	return map[string]endpoint{
		"GET /v1/status":              h.status,
		"POST /v1/isolation/end":      h.endIsolation,
		"GET /v1/renewal":             h.renewal,
		"POST /v1/renewal":            h.renew,
		"GET /v1/policy":              h.policy,
		"PUT /v1/policy":              h.setPolicy,
		"GET /v1/witnesses":           h.witnesses,
		"PUT /v1/witnesses":           h.setWitnesses,
		"POST /v1/verify":             h.verify,
		"POST /v1/rebuild":            h.rebuild,
		"GET /v1/ledger/events":       h.events,
		"GET /v1/ledger/head":         h.ledgerHead,
		"POST /v1/ledger/reading-key": h.readingKey,
		"GET /v1/ledger/proofs/{id}":  h.proof,
	}
}

package webdavtest

// trace is what a client was seen to send for one act of its user.
type trace struct {
	name     string
	steps    []exchange
	shown    []string       // in the directory, in the end
	versions map[string]int // of each of these
}

// exchange is one request, with the status that the client needs. $U stands for the URL of the directory, $P for
// its path, $T for the token of the last LOCK.
type exchange struct {
	line    string
	headers []string
	body    string
	want    int
}

const (
	windowsLock = `<?xml version="1.0" encoding="utf-8" ?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>` +
		`<D:locktype><D:write/></D:locktype><D:owner><D:href>DESKTOP-7\hanako</D:href></D:owner></D:lockinfo>`
	windowsTimes = `<?xml version="1.0" encoding="utf-8" ?><D:propertyupdate xmlns:D="DAV:" xmlns:Z="urn:schemas-microsoft-com:"><D:set><D:prop>` +
		`<Z:Win32CreationTime>Tue, 14 Nov 2023 22:13:20 GMT</Z:Win32CreationTime><Z:Win32LastAccessTime>Tue, 14 Nov 2023 22:13:20 GMT</Z:Win32LastAccessTime>` +
		`<Z:Win32LastModifiedTime>Tue, 14 Nov 2023 22:13:20 GMT</Z:Win32LastModifiedTime><Z:Win32FileAttributes>00000020</Z:Win32FileAttributes></D:prop></D:set></D:propertyupdate>`
	finderLock = `<?xml version="1.0" encoding="utf-8"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>` +
		`<D:locktype><D:write/></D:locktype><D:owner><D:href>http://www.apple.com/webdav_fs/</D:href></D:owner></D:lockinfo>`
	finderFind = `<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:"><D:prop><D:getlastmodified/><D:getcontentlength/><D:creationdate/><D:resourcetype/></D:prop></D:propfind>`
	finderRoom = `<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:"><D:prop><D:quota-available-bytes/><D:quota-used-bytes/><D:quota/><D:quotaused/></D:prop></D:propfind>`
	neonLock   = `<?xml version="1.0" encoding="utf-8"?>` + "\n" + `<lockinfo xmlns='DAV:'>` + "\n" + ` <lockscope><exclusive/></lockscope>` + "\n" + `<locktype><write/></locktype><owner>hanako</owner>` + "\n" + `</lockinfo>` + "\n"
	neonFind   = `<?xml version="1.0" encoding="utf-8"?>` + "\n" + `<propfind xmlns="DAV:"><prop>` + "\n" + `<resourcetype xmlns="DAV:"/><getcontentlength xmlns="DAV:"/><getetag xmlns="DAV:"/>` +
		`<getlastmodified xmlns="DAV:"/><creationdate xmlns="DAV:"/><executable xmlns="http://apache.org/dav/props/"/></prop></propfind>` + "\n"
)

// held presents the token of the last LOCK.
var held = []string{"If: (<$T>)"}

var traces = []trace{
	{"Windows: copy a file onto the drive", []exchange{
		{"OPTIONS ", nil, "", 200},
		{"PROPFIND ", []string{"Depth: 0", "Content-Length: 0"}, "", 207},
		{"PROPFIND a.psd", []string{"Depth: 0"}, "", 404},
		{"PUT a.psd", nil, "", 201},
		{"LOCK a.psd", []string{"Timeout: Second-3600"}, windowsLock, 200},
		{"PROPPATCH a.psd", held, windowsTimes, 207},
		{"HEAD a.psd", []string{"translate: f"}, "", 200},
		{"PUT a.psd", held, "content", 204},
		{"PROPPATCH a.psd", held, windowsTimes, 207},
		{"UNLOCK a.psd", []string{"Lock-Token: <$T>"}, "", 204},
	}, []string{"a.psd"}, map[string]int{"a.psd": 1}},

	{"Windows: delete and copy again", []exchange{
		{"PUT a.psd", nil, "1", 201},
		{"DELETE a.psd", nil, "", 204},
		{"PUT a.psd", nil, "", 201},
		{"LOCK a.psd", []string{"Timeout: Second-3600"}, windowsLock, 200},
		{"PUT a.psd", held, "2", 204},
		{"PROPPATCH a.psd", held, windowsTimes, 207},
		{"UNLOCK a.psd", []string{"Lock-Token: <$T>"}, "", 204},
	}, []string{"a.psd"}, map[string]int{"a.psd": 2}},

	{"Word 2016 over the mini-redirector", []exchange{
		{"PUT d.docx", nil, "1", 201},
		{"PUT ~$d.docx", nil, "", 201},
		{"LOCK ~$d.docx", []string{"Timeout: Second-3600"}, windowsLock, 200},
		{"PUT ~$d.docx", held, "owner", 204},
		{"UNLOCK ~$d.docx", []string{"Lock-Token: <$T>"}, "", 204},
		{"PUT ~WRD0001.tmp", nil, "", 201},
		{"LOCK ~WRD0001.tmp", []string{"Timeout: Second-3600"}, windowsLock, 200},
		{"PUT ~WRD0001.tmp", held, "2", 204},
		{"PROPPATCH ~WRD0001.tmp", held, windowsTimes, 207},
		{"UNLOCK ~WRD0001.tmp", []string{"Lock-Token: <$T>"}, "", 204},
		{"MOVE d.docx", []string{"Destination: $U~WRL0001.tmp", "Overwrite: F"}, "", 201},
		{"MOVE ~WRD0001.tmp", []string{"Destination: $Ud.docx", "Overwrite: F"}, "", 201},
		{"DELETE ~WRL0001.tmp", nil, "", 204},
		{"DELETE ~$d.docx", nil, "", 204},
	}, []string{"d.docx"}, map[string]int{"d.docx": 2}},

	{"Excel: delete the original, rename the new one", []exchange{
		{"PUT b.xlsx", nil, "1", 201},
		{"PUT ~$b.xlsx", nil, "owner", 201},
		{"PUT 8F3A2B10", nil, "", 201},
		{"LOCK 8F3A2B10", nil, windowsLock, 200},
		{"PUT 8F3A2B10", held, "2", 204},
		{"UNLOCK 8F3A2B10", []string{"Lock-Token: <$T>"}, "", 204},
		{"DELETE b.xlsx", nil, "", 204},
		{"MOVE 8F3A2B10", []string{"Destination: $Ub.xlsx", "Overwrite: F"}, "", 201},
		{"PROPFIND ~$b.xlsx", []string{"Depth: 0"}, "", 207},
	}, []string{"b.xlsx", "~$b.xlsx"}, map[string]int{"b.xlsx": 2}},

	{"Office speaking WebDAV itself", []exchange{
		{"PUT d.docx", nil, "1", 201},
		{"OPTIONS ", nil, "", 200},
		{"HEAD d.docx", nil, "", 200},
		{"LOCK d.docx", []string{"Timeout: Second-3600", "Depth: 0"}, windowsLock, 200},
		{"GET d.docx", nil, "", 200},
		{"LOCK d.docx", []string{"If: (<$T>)", "Timeout: Second-3600"}, "", 200},
		{"PUT d.docx", held, "2", 204},
		{"PROPPATCH d.docx", held, windowsTimes, 207},
		{"PUT d.docx", held, "3", 204},
		{"UNLOCK d.docx", []string{"Lock-Token: <$T>"}, "", 204},
	}, []string{"d.docx"}, map[string]int{"d.docx": 3}},

	{"Finder: copy a file", []exchange{
		{"OPTIONS ", nil, "", 200},
		{"PROPFIND ", []string{"Depth: 0"}, finderRoom, 207},
		{"PROPFIND ", []string{"Depth: 1"}, finderFind, 207},
		{"PROPFIND ._a.jpg", []string{"Depth: 0"}, finderFind, 404},
		{"PUT a.jpg", nil, "", 201},
		{"LOCK a.jpg", []string{"Depth: 0", "Timeout: Second-600"}, finderLock, 200},
		{"PROPFIND a.jpg", []string{"Depth: 0"}, finderFind, 207},
		{"PUT a.jpg", []string{"If: (<$T>)", "X-Expected-Entity-Length: 7"}, "content", 204},
		{"UNLOCK a.jpg", []string{"Lock-Token: <$T>"}, "", 204},
		{"PUT ._a.jpg", nil, "", 201},
		{"LOCK ._a.jpg", []string{"Depth: 0", "Timeout: Second-600"}, finderLock, 200},
		{"PUT ._a.jpg", held, "resource fork", 204},
		{"UNLOCK ._a.jpg", []string{"Lock-Token: <$T>"}, "", 204},
		{"GET ._a.jpg", nil, "", 200},
		{"PUT .DS_Store", nil, "x", 201},
		{"PROPFIND ", []string{"Depth: 1"}, finderFind, 207},
		{"DELETE ._a.jpg", nil, "", 204},
		{"DELETE ._a.jpg", nil, "", 204},
	}, []string{"a.jpg"}, map[string]int{"a.jpg": 1}},

	{"Preview: safe save", []exchange{
		{"PUT a.jpg", nil, "1", 201},
		{"MKCOL .TemporaryItems/", nil, "", 201},
		{"MKCOL .TemporaryItems/folders.501/", nil, "", 201},
		{"PUT .TemporaryItems/folders.501/a.jpg", nil, "2", 201},
		{"MOVE .TemporaryItems/folders.501/a.jpg", []string{"Destination: $Pa.jpg", "Overwrite: T"}, "", 204},
		{"DELETE .TemporaryItems/folders.501/", nil, "", 204},
	}, []string{"a.jpg"}, map[string]int{"a.jpg": 2}},

	{"davfs2: new file, then changed", []exchange{
		{"OPTIONS ", nil, "", 200},
		{"PROPFIND ", []string{"Depth: 0"}, neonFind, 207},
		{"PROPFIND ", []string{"Depth: 1"}, neonFind, 207},
		{"LOCK a.txt", []string{"Depth: 0", "Timeout: Second-1800"}, neonLock, 201},
		{"HEAD a.txt", nil, "", 200},
		{"PUT a.txt", []string{"If: <$Ua.txt> (<$T>)"}, "1", 204},
		{"PROPPATCH a.txt", []string{"If: <$Ua.txt> (<$T>)"}, `<?xml version="1.0" encoding="utf-8" ?><D:propertyupdate xmlns:D="DAV:">` +
			`<D:set><D:prop><executable xmlns="http://apache.org/dav/props/">F</executable></D:prop></D:set></D:propertyupdate>`, 207},
		{"LOCK a.txt", []string{"If: <$Ua.txt> (<$T>)", "Timeout: Second-1800"}, "", 200},
		{"PUT a.txt", []string{"If: <$Ua.txt> (<$T>)"}, "2", 204},
		{"UNLOCK a.txt", []string{"Lock-Token: <$T>"}, "", 204},
	}, []string{"a.txt"}, map[string]int{"a.txt": 2}},

	{"InDesign: its lock file is seen, and never a version", []exchange{
		{"PUT album.indd", nil, "1", 201},
		{"PUT ~album~a3f(.idlk", nil, "hanako", 201},
		{"PROPFIND ~album~a3f(.idlk", []string{"Depth: 0"}, "", 207},
		{"PUT album.indd", nil, "2", 204},
	}, []string{"album.indd", "~album~a3f(.idlk"}, map[string]int{"album.indd": 2, "~album~a3f(.idlk": 0}},

	{"ownCloud sync: the same again", []exchange{
		{"PUT a", []string{"X-OC-Mtime: 1700000000", "OC-Checksum: SHA1:356a192b7913b04c54574d18c28d46e6395428ab"}, "1", 201},
		{"PUT a", []string{"X-OC-Mtime: 1700000000", "OC-Checksum: SHA1:da4b9237bacccdf19c0760cab7aec4a8359010b0"}, "1", 400},
		{"PUT a", []string{"X-OC-Mtime: 1700000001", "OC-Checksum: SHA1:da4b9237bacccdf19c0760cab7aec4a8359010b0", "If-Match: *"}, "2", 204},
	}, []string{"a"}, map[string]int{"a": 2}},
}

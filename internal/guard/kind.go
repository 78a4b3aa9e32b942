package guard

import "strings"

// family is what kinds of content have in common: a program may save one in the place of another.
type family uint8

const (
	none family = iota
	pictures
	documents // and archives, which many of them are
	sounds    // and films
	packs     // archives that no document is
	writing
	others
)

// families are those of the kinds that package structure knows.
var families = map[string]family{
	"jpeg": pictures, "png": pictures, "gif": pictures, "bmp": pictures, "webp": pictures, "psd": pictures, "tiff": pictures,
	"pdf": documents, "zip": documents, "office": documents, "opendocument": documents, "idml": documents, "cfb": documents, "indesign": documents,
	"gzip": documents, "7z": packs, "rar": packs, "xz": packs, "bzip2": packs, "zstd": packs,
	"bmff": sounds, "riff": sounds, "mp3": sounds, "ogg": sounds, "flac": sounds, "mpeg": sounds, "aiff": sounds, "au": sounds,
	"text": writing, "xml": writing, "json": writing,
	"font": others, "sqlite": others,
}

// archives are the kinds that hold other files.
var archives = map[string]bool{"zip": true, "7z": true, "rar": true, "gzip": true, "xz": true, "bzip2": true, "zstd": true}

// endings are those of names that say something, and of which kind their content is; "" where it can be of several, or of none that is known.
var endings = func() map[string]string {
	m := make(map[string]string)
	for kind, list := range map[string]string{
		"jpeg": "jpg jpeg jpe jfif", "png": "png apng", "gif": "gif", "bmp": "bmp dib", "webp": "webp", "psd": "psd psb",
		"tiff": "tif tiff dng nef nrw cr2 arw srf sr2 orf rw2 pef raw iiq 3fr", "pdf": "pdf ai", "office": "docx xlsx pptx docm xlsm pptm dotx xltx potx vsdx",
		"opendocument": "odt ods odp odg odf ott ots otp", "idml": "idml", "zip": "zip jar war epub kmz cbz apk sketch pages numbers key procreate 3mf",
		"cfb": "doc xls ppt dot xlt pot msg msi vsd pub mpp", "indesign": "indd indt indb indl", "7z": "7z", "rar": "rar cbr", "gzip": "gz tgz svgz",
		"xz": "xz txz", "bzip2": "bz2 tbz", "zstd": "zst", "bmff": "heic heif hif avif mp4 m4v m4a mov 3gp cr3", "riff": "wav avi ani", "mp3": "mp3",
		"ogg": "ogg oga ogv opus", "flac": "flac", "mpeg": "mpg mpeg vob", "aiff": "aif aiff", "au": "au snd", "sqlite": "sqlite sqlite3 db3 lrcat", "font": "ttf otf ttc woff woff2 dfont",
		"text": "txt text csv tsv md rst log ini cfg conf yml yaml toml html htm xhtml css js mjs ts tsx jsx go py rb rs c h cc cpp hpp java kt swift php pl sh bat cmd ps1 sql tex bib srt vtt ics vcf eml mbox reg inf url webloc inx jsx jsxbin aep xmp icml mod sum lock map",
		"xml":  "xml svg xsd xsl xslt plist gpx kml rss atom", "json": "json geojson ipynb webmanifest",
		// What has no kind that is known here, or several.
		"": "eps ps indd idlk ai1 cdr qxd qxp xcf kra clip mdp afphoto afdesign afpub dwg dxf stl obj fbx blend ico icns cur tga pcx ppm pgm pbm pnm hdr exr jp2 j2k jxl x3f raf mrw erf kdc mef mos wmv wma asf flv mkv webm aac ac3 amr mid midi ts mts m2ts db mdb accdb dbf fmp12 pst ost nsf iso dmg img vhd vhdx vmdk vdi qcow2 bin dat exe dll so dylib sys o a lib class pyc wasm tar cpio lzh lha cab deb rpm pkg bak old orig copy tmp temp part crdownload download swp lnk thm xps oxps p12 pfx pem crt cer key gpg asc sig kdbx jks ase aco act abr grd pat asl icc icm cube joboptions jtw jww bfo rtf wpd one hwp csproj sln torrent pack idx pot po mo",
	} {
		for _, e := range strings.Fields(list) {
			if _, ok := m[e]; !ok {
				m[e] = kind
			}
		}
	}
	return m
}()

// ending returns the last ending of a name, in lower case; "" if it has none.
func ending(name string) string {
	i := strings.LastIndexByte(name, '.')
	if i <= 0 || i == len(name)-1 {
		return ""
	}
	return strings.ToLower(name[i+1:])
}

// says reports whether an ending says something: it is one that files have, or a number, as parts and copies are counted.
func says(ending string) bool {
	if _, ok := endings[ending]; ok {
		return true
	}
	return ending != "" && strings.Trim(ending, "0123456789") == ""
}

// Passing reports whether a name is one that programs give to what they need for a moment.
func Passing(name string) bool {
	if strings.HasPrefix(name, "~") || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") || strings.HasSuffix(name, "~") || strings.HasPrefix(name, "sb-") {
		return true
	}
	switch ending(name) {
	case "tmp", "temp", "part", "partial", "crdownload", "download", "swp", "bak", "idlk", "lock", "lck", "filepart":
		return true
	}
	return false
}

// follows reports whether content of one kind may come in the place of another under a name.
func follows(old, now, name string) bool {
	if old == now || families[old] == families[now] && families[now] != none {
		return true
	}
	e, ok := endings[ending(name)]
	return ok && e != "" && families[e] == families[now]
}

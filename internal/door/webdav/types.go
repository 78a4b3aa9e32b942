package webdav

import (
	"path"
	"strings"
)

// contentType goes by the name alone: to look into a file would be a reading. The table is ours, because those of
// machines differ.
func contentType(name string) string {
	if t := types[strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))]; t != "" {
		return t
	}
	return "application/octet-stream"
}

var types = map[string]string{
	// Pictures and what they are made with.
	"jpg": "image/jpeg", "jpeg": "image/jpeg", "jpe": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp",
	"avif": "image/avif", "heic": "image/heic", "heif": "image/heif", "tif": "image/tiff", "tiff": "image/tiff", "bmp": "image/bmp",
	"ico": "image/x-icon", "svg": "image/svg+xml", "psd": "image/vnd.adobe.photoshop", "psb": "image/vnd.adobe.photoshop",
	"dng": "image/x-adobe-dng", "cr2": "image/x-canon-cr2", "cr3": "image/x-canon-cr3", "nef": "image/x-nikon-nef",
	"arw": "image/x-sony-arw", "raf": "image/x-fuji-raf", "orf": "image/x-olympus-orf", "rw2": "image/x-panasonic-rw2",
	"ai": "application/postscript", "eps": "application/postscript", "ps": "application/postscript", "pdf": "application/pdf",
	"indd": "application/x-indesign", "idml": "application/vnd.adobe.indesign-idml-package", "icc": "application/vnd.iccprofile",
	// Documents.
	"txt": "text/plain; charset=utf-8", "log": "text/plain; charset=utf-8", "md": "text/markdown; charset=utf-8",
	"csv": "text/csv", "tsv": "text/tab-separated-values", "htm": "text/html", "html": "text/html", "xml": "application/xml",
	"json": "application/json", "js": "text/javascript", "css": "text/css", "rtf": "application/rtf", "ics": "text/calendar",
	"doc": "application/msword", "xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint",
	"docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	"odt":  "application/vnd.oasis.opendocument.text", "ods": "application/vnd.oasis.opendocument.spreadsheet",
	"odp": "application/vnd.oasis.opendocument.presentation", "jtd": "application/x-js-taro", "eml": "message/rfc822",
	// Sound, film, fonts, archives.
	"mp3": "audio/mpeg", "m4a": "audio/mp4", "wav": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg", "aif": "audio/aiff", "aiff": "audio/aiff",
	"mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime", "avi": "video/x-msvideo", "mpg": "video/mpeg", "mpeg": "video/mpeg",
	"webm": "video/webm", "mkv": "video/x-matroska", "mts": "video/mp2t", "wmv": "video/x-ms-wmv",
	"otf": "font/otf", "ttf": "font/ttf", "ttc": "font/collection", "woff": "font/woff", "woff2": "font/woff2",
	"zip": "application/zip", "gz": "application/gzip", "tar": "application/x-tar", "7z": "application/x-7z-compressed",
	"lzh": "application/x-lzh-compressed", "rar": "application/vnd.rar", "dmg": "application/x-apple-diskimage", "iso": "application/x-iso9660-image",
}

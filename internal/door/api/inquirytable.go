package api

import (
	"encoding/csv"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/receipt"
)

// Receipt is what somebody who has entrusted files gets.
type Receipt = receipt.Receipt

var inquiryHead = []string{"web.inquiry-number", "web.inquiry-at", "web.inquiry-way", "web.inquiry-who", "web.inquiry-reach", "web.inquiry-school", "web.inquiry-about",
	"web.inquiry-question", "web.inquiry-answer", "web.inquiry-status", "web.inquiry-handler", "web.inquiry-by", "web.inquiry-changed"}

func inquiryRow(l lang.Lang, x Inquiry) []string {
	at := func(t time.Time) string { return t.Local().Format("2006-01-02 15:04 -0700") }
	return []string{strconv.Itoa(x.ID), at(x.At), l.Text("way." + string(x.Way)), x.Who, x.Reach, x.School, x.About, x.Question, x.Answer,
		l.Text("inquiry." + string(x.Status)), x.Handler, x.By, at(x.Changed)}
}

// WriteInquiries writes a log of inquiries as "csv" or "xlsx". Nothing in it is a formula, whatever somebody has said on the telephone.
func WriteInquiries(w io.Writer, l lang.Lang, kind, n string, list iter.Seq[Inquiry], now time.Time) error {
	if kind == "xlsx" {
		s := document.Sheet{Lang: l.String(), Title: l.Text("web.inquiries") + " " + n}
		for _, key := range inquiryHead {
			s.Columns = append(s.Columns, document.Column{Title: l.Text(key), Right: key == "web.inquiry-number"})
		}
		s.Rows = func(yield func([]document.Cell) bool) {
			for x := range list {
				var cells []document.Cell
				for _, text := range inquiryRow(l, x) {
					cells = append(cells, document.Cell{Text: text})
				}
				if !yield(cells) {
					return
				}
			}
		}
		return s.XLSX(w, now)
	}
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	var row []string
	for _, key := range inquiryHead {
		row = append(row, l.Text(key))
	}
	if err := out.Write(row); err != nil {
		return err
	}
	for x := range list {
		row := inquiryRow(l, x)
		for i, text := range row {
			if text != "" && strings.ContainsAny(text[:1], "=+-@\t\r") { // a spreadsheet would take it for a formula
				row[i] = "'" + text
			}
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

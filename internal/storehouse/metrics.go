package storehouse

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// metrics counts what the doors do, in the text format of Prometheus. Labels are few and fixed: no names,
// paths or accounts. The format is so small that its library would be the larger part of the dependencies.
type metrics struct {
	running atomic.Int64
	refused atomic.Int64

	mu       sync.Mutex
	requests map[requestKind]int64
	seconds  map[string]*histogram // by door and method, as labels

	gauges []gauge
}

type requestKind struct {
	labels string
	status int
}

type gauge struct {
	name, help string
	value      func() float64
}

// bounds are the upper bounds of a histogram's buckets, in seconds.
var bounds = [...]float64{.0005, .001, .0025, .005, .01, .025, .1, .5, 1, 5, 30, 300}

type histogram struct {
	buckets [len(bounds) + 1]int64
	sum     float64
}

func newMetrics(h *House) *metrics {
	return &metrics{
		requests: make(map[requestKind]int64), seconds: make(map[string]*histogram),
		gauges: []gauge{
			{"azekura_leases", "Keys of versions that the storehouse holds.", func() float64 { return float64(h.vault.Status().Leases) }},
			{"azekura_saves_running", "Large saves under way.", func() float64 { return float64(h.vault.Status().Saving) }},
			{"azekura_ledger_entries", "Entries of the ledger.", func() float64 { return float64(h.keeper.LedgerSize()) }},
			{"azekura_start_time_seconds", "When the storehouse started.", func() float64 { return float64(h.started.UnixMilli()) / 1000 }},
			{"go_goroutines", "Goroutines.", func() float64 { return float64(runtime.NumGoroutine()) }},
			{"go_memory_bytes", "Memory that the runtime has from the system.", func() float64 {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				return float64(m.Sys)
			}},
		},
	}
}

// methods are those that are counted by name; whatever else clients make up is "other".
var methods = map[string]bool{"GET": true, "HEAD": true, "PUT": true, "POST": true, "DELETE": true, "OPTIONS": true, "PROPFIND": true,
	"PROPPATCH": true, "MKCOL": true, "COPY": true, "MOVE": true, "LOCK": true, "UNLOCK": true}

// watch counts the requests of a door.
func (m *metrics) watch(door string, next http.Handler, now func() time.Time) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, method := now(), r.Method
		if !methods[method] {
			method = "other"
		}
		m.running.Add(1)
		sw := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() { // also when the answer is broken off by a panic
			m.running.Add(-1)
			m.count(fmt.Sprintf("door=%q,method=%q", door, method), sw.status, now().Sub(start).Seconds())
		}()
		next.ServeHTTP(sw, r)
	})
}

func (m *metrics) count(labels string, status int, seconds float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests[requestKind{labels, status}]++
	h := m.seconds[labels]
	if h == nil {
		h = new(histogram)
		m.seconds[labels] = h
	}
	i, _ := slices.BinarySearch(bounds[:], seconds)
	h.buckets[i]++
	h.sum += seconds
}

// ServeHTTP writes all metrics.
func (m *metrics) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	m.write(w)
}

func (m *metrics) write(w io.Writer) {
	head := func(name, kind, help string) { fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind) }
	for _, g := range m.gauges {
		head(g.name, "gauge", g.help)
		fmt.Fprintf(w, "%s %s\n", g.name, number(g.value()))
	}
	head("azekura_requests_running", "gauge", "Requests under way.")
	fmt.Fprintf(w, "azekura_requests_running %d\n", m.running.Load())
	head("azekura_connections_refused_total", "counter", "Connections beyond what one address may have.")
	fmt.Fprintf(w, "azekura_connections_refused_total %d\n", m.refused.Load())

	m.mu.Lock()
	defer m.mu.Unlock()
	head("azekura_requests_total", "counter", "Requests, by door, method and status.")
	for k, n := range m.requests {
		fmt.Fprintf(w, "azekura_requests_total{%s,status=\"%d\"} %d\n", k.labels, k.status, n)
	}
	head("azekura_request_seconds", "histogram", "Time from a request's header to the end of its answer.")
	for _, labels := range slices.Sorted(maps.Keys(m.seconds)) {
		h, n := m.seconds[labels], int64(0)
		for i, bound := range bounds {
			n += h.buckets[i]
			fmt.Fprintf(w, "azekura_request_seconds_bucket{%s,le=\"%s\"} %d\n", labels, number(bound), n)
		}
		n += h.buckets[len(bounds)]
		fmt.Fprintf(w, "azekura_request_seconds_bucket{%s,le=\"+Inf\"} %d\n", labels, n)
		fmt.Fprintf(w, "azekura_request_seconds_sum{%s} %s\nazekura_request_seconds_count{%s} %d\n", labels, number(h.sum), labels, n)
	}
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController find the writer below.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush sends what is buffered.
func (w *statusWriter) Flush() { http.NewResponseController(w.ResponseWriter).Flush() }

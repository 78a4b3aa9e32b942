package storehouse

import (
	"bufio"
	"fmt"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
)

// BenchmarkLogs sends lines over one TCP connection through the whole house: read, understood, watched, and stored or counted. It reports lines a second.
func BenchmarkLogs(b *testing.B) {
	const head = `<189>date=2026-11-30 time=10:00:00 devname="gw" devid="FG100F0000000001" eventtime=1796000400000000000 tz="+0900" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=192.0.2.30 srcport=50000 srcintf="lan" dstip=198.51.100.1 dstport=443 dstintf="wan1" policyid=1 sessionid=%d proto=6 action="close" service="HTTPS" duration=31 sentbyte=4711 rcvdbyte=47110`
	for _, x := range []struct {
		name  string
		count []string
	}{{"counted", []string{"traffic"}}, {"stored", []string{}}} {
		b.Run(x.name, func(b *testing.B) {
			cfg := Default(b.TempDir())
			cfg.HTTP, cfg.CollectTCP = "", "127.0.0.1:0"
			at, stop := served(b, cfg)
			defer stop()
			cl := client.New(client.Socket(Socket(cfg.Data)), "en")
			if _, err := cl.SetCollecting(b.Context(), api.Collecting{Sources: []api.LogSource{{Address: "127.0.0.1", Name: "gw"}}, Days: 400, DailyMiB: 1 << 20, Count: x.count}); err != nil {
				b.Fatal(err)
			}
			c, err := net.Dial("tcp", at["tcp"])
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			b.ResetTimer()
			w := bufio.NewWriterSize(c, 64<<10)
			for i := range b.N {
				fmt.Fprintf(w, head+"\n", i)
			}
			w.Flush()
			for tick := time.NewTicker(time.Millisecond); ; <-tick.C {
				if st, err := cl.LogState(b.Context()); err != nil || st.Sources[0].Lines == int64(b.N) {
					tick.Stop()
					break
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.Sys)/(1<<20), "MiB")
		})
	}
}

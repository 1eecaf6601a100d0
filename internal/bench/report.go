package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// row is one line of the table.
type row struct {
	what      string
	measured  string
	reference string
	bar       string
	pass      bool
}

func (r row) verdict() string {
	if r.pass {
		return "pass"
	}
	return "MISSED"
}

// table lays the rows out in Markdown, padded so that it reads as well in a terminal.
func table(rows []row) string {
	lines := [][]string{{"what", "measured", "beside", "bar", "verdict"}}
	for _, r := range rows {
		lines = append(lines, []string{r.what, r.measured, r.reference, r.bar, r.verdict()})
	}
	width := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	var out strings.Builder
	for n, line := range lines {
		for i, cell := range line {
			out.WriteString("| " + cell + strings.Repeat(" ", width[i]-len([]rune(cell))) + " ")
		}
		out.WriteString("|\n")
		if n > 0 {
			continue
		}
		for _, w := range width {
			out.WriteString("|" + strings.Repeat("-", w+2))
		}
		out.WriteString("|\n")
	}
	return out.String()
}

// document is what docs/benchmarks.md says.
func document(ctx context.Context, rows []row, o options, took time.Duration) string {
	return fmt.Sprintf(`# Speed and size

Written by %[1]smake bench%[1]s, which measures every line below and says in the last column whether it
holds. It measures on loopback, with its own clients on the same processors, and takes some minutes.
The load average below says how much other work the machine had: where it is above the number of
processors, the figures are of a machine that was busy with something else, and a miss proves little.

%[2]s
Machine: %[3]s, %[4]d processors, %[5]s/%[6]s, %[7]s. Load average when the run began: %[8]s.
Commit: %[9]s. Command: %[1]smake bench%[1]s. Date: %[10]s. The run took %[11]s.

## How to read it

Every comparison is made in turns: ours, the reference, ours, and so on for %[12]d rounds of %[13]s
each after one that warms up. Rates are medians over the rounds. A ratio is the median of the rounds'
own ratios, so that whatever else the machine was doing has disturbed both sides alike. Both sides are
served by the same settings of net/http, and their clients keep their connections.

- **Anonymous pricing page**: the whole site as production runs it, log lines included, beside an Echo
  handler with nothing around it that writes the same bytes. The site keeps this page rendered.
- **Dashboard**: a signed-in user with a subscription and projects, beside an Echo handler with
  nothing around it that renders the same page from values it has: no session, no form token, no
  header, no log. The run stops unless both pages are the same. Nothing is kept between requests.
- **Access check**: the rows read from SQLite and decided on, beside %[1]sSELECT 1%[1]s on the same pool.
- **Webhooks**: signed events of about 3 KB, each new, over 2,000 customers. Ours answers when the event and
  the state of its customer are on disk (%[1]ssynchronous=FULL%[1]s); the reference does the same with
  the library's ConstructEvent and GORM, one transaction per request, on a file of its own. The minimal
  handler is net/http, the signature checked in place, and one goroutine that puts all that waits into one
  transaction of prepared statements. It has no log, metric, time limit, rotation of secrets or second
  try. On Postgres, which waits for its disk too, it sends each group in one message.
- **Calls of one sync**: counted where they arrive, for a customer of each kind, both when nothing is known of
  them and when everything is. Each further disputed payment, a checkout under way beside one, and invoices
  beyond the newest hundred cost one more.
- **Background work**: the whole program with its workers on SQLite, its STRIPE_MAX_RPS raised to %[14]d, and the
  sandbox over HTTP on the same processors. The backlog is %[16]d events about each of %[15]d customers of whose
  subscriptions nothing is known yet, so that each sync writes facts and owes mails, which are sent meanwhile.
  It ends when no customer is due. The dashboard is asked for a hundred times a second, before, during and
  after. From event to access is timed from the moment at which an event is sent, every ten milliseconds
  whether those before it were worked off or not, until the customer's access, read as each page reads it, is
  that of the other plan. At the default of STRIPE_MAX_RPS the calls are counted as they arrive, in whatever
  second has the most.
- **A million stored events**: the same events about the same customers, received and worked off in turns
  by two programs of which one has a thousand events stored and the other a million, worked off and trimmed
  as they are after 30 days. Every customer has 50 of them in both.
- **Sandbox**: the built-in Stripe, in memory. Rates are of one processor that client and server share.
  A read is one customer over HTTP on kept connections, beside a handler with nothing behind it. A
  payment is a checkout session that a new customer opens and pays with a card, by one client after
  another. The year is a fast-forward, from its beginning until the last webhook is answered. Start is
  from the start of its program to the first answer.
- **Binaries**: start is from the start of the process to the first landing page, on files that
  exist. Memory is what Linux calls resident, program text included, three seconds after that page.
- **Weight**: the page and everything it loads, as sent to a browser that takes gzip. Most take
  brotli, which is smaller.
`, "`", table(rows), processor(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(),
		o.loadBefore, commit(ctx), time.Now().UTC().Format("2006-01-02 15:04 MST"), took.Round(time.Second),
		o.rounds, o.duration, raisedRPS, backlogCustomers, backlogEvents/backlogCustomers)
}

// processor names the machine's processor, as Linux does.
func processor() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// loadAverage is how many programs wanted a processor over the last minute.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

func commit(ctx context.Context) string {
	hash, err := exec.CommandContext(ctx, "git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	name := strings.TrimSpace(string(hash))
	changed, err := exec.CommandContext(ctx, "git", "status", "--porcelain", "--untracked-files=no").Output()
	if err != nil || len(changed) > 0 {
		name += " and changes that are not committed"
	}
	return name
}

// Package cli is the command line: one file per command, and this file for what they share. With no
// command the program serves.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/joho/godotenv"
	"github.com/spf13/cobra"

	"example.com/tollgate/config"
)

// Main runs the command that args name and returns the exit status: 0 for success, 1 for failure.
// environ is as os.Environ gives it; a .env file in the working directory fills what it lacks.
func Main(args, environ []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	env := &environment{environ: environ, stdout: stdout, stderr: stderr}
	root := env.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintf(stderr, "tollgate: %v\n", err)
		return 1
	}
	return 0
}

// environment is what every command has.
type environment struct {
	environ        []string
	stdout, stderr io.Writer
}

func (e *environment) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "tollgate",
		Short:         "A SaaS that takes money, in one binary",
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.NoArgs,
		RunE: e.serve,
	}
	root.AddCommand(e.commands()...)
	return root
}

// commands is the table of what the program can be asked to do.
func (e *environment) commands() []*cobra.Command {
	return []*cobra.Command{
		{Use: "serve", Short: "Serve the application (the default)", Args: cobra.NoArgs, RunE: e.serve},
		{Use: "migrate", Short: "Bring the database to the newest version", Args: cobra.NoArgs, RunE: e.migrate},
		{
			Use: "backup PATH", Short: "Copy a SQLite database to a new file while the program serves",
			Args: cobra.ExactArgs(1), RunE: e.backup,
		},
		e.restoredCommand(),
		group("plans", "The catalog of plans",
			&cobra.Command{
				Use: "sync", Short: "Tell Stripe about the plans: products, prices and portal", Args: cobra.NoArgs,
				RunE: e.plansSync,
			}),
		group("webhook", "The webhook endpoint",
			&cobra.Command{
				Use: "create [URL]", Short: "Make the endpoint at Stripe, with the events that are handled",
				Args: cobra.MaximumNArgs(1), RunE: e.webhookCreate,
			}),
		e.eventsCommand(),
		{Use: "doctor", Short: "Check this installation and say what to mend", Args: cobra.NoArgs, RunE: e.doctor},
		e.reconcileCommand(),
		e.seedCommand(),
		group("sandbox", "The embedded Stripe",
			&cobra.Command{
				Use: "reset", Short: "Forget everything the sandbox remembers", Args: cobra.NoArgs, RunE: e.sandboxReset,
			}),
	}
}

func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{Use: use, Short: short}
	g.AddCommand(commands...)
	return g
}

// config reads the environment, with .env under it.
func (e *environment) config() (config.Config, error) {
	environ := e.environ
	file, err := godotenv.Read()
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return config.Config{}, fmt.Errorf("read .env: %w", err)
	}
	// Later entries win, so what is really set goes last.
	merged := make([]string, 0, len(file)+len(environ))
	for name, value := range file {
		if value != "" {
			merged = append(merged, name+"="+value)
		}
	}
	return config.Parse(append(merged, environ...))
}

// logger writes to standard error, so that a command's output can be piped.
func (e *environment) logger(cfg config.Config) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(e.stderr, options))
	}
	return slog.New(slog.NewTextHandler(e.stderr, options))
}

// printf writes to standard output. A reader that has gone away is nobody's failure.
func (e *environment) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(e.stdout, format, args...)
}

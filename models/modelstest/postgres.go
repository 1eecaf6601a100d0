package modelstest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNoPostgres says that PostgreSQL's programs are not on this machine.
var ErrNoPostgres = errors.New("initdb is neither on PATH nor in /usr/lib/postgresql/*/bin")

// supervise runs the server until the pipe from its parent closes, then removes what is left. The
// parent's end closes when the parent dies of anything, kill -9 included, so that no test run can
// leave a server or its folder behind. Background jobs of sh read /dev/null, hence the explicit cat.
const supervise = `"$1" -D "$2/data" -k "$2" >"$2/log" 2>&1 & server=$!
cat >/dev/null
kill -QUIT $server; wait $server; rm -rf "$2"`

// testSettings trade durability, which a throw-away database has no use for, for speed.
var testSettings = []string{"fsync=off", "synchronous_commit=off", "full_page_writes=off"}

// StartPostgres starts a throw-away server that listens on a socket in a folder under dir ("" is
// the system's temporary folder) and nowhere else. It gives a URL with every right, and a stop that
// ends the server and removes the folder; the server also ends when stop is collected. settings are
// lines of postgresql.conf; without any, the server does not wait for the disk. Postgres refuses to
// run as root, so root runs it as postgres.
func StartPostgres(dir string, settings ...string) (databaseURL string, stop func(), err error) {
	bin, err := postgresBin()
	if err != nil {
		return "", nil, err
	}
	owner, err := postgresOwner()
	if err != nil {
		return "", nil, err
	}
	// The path is kept short: a socket's may have no more than 107 bytes.
	home, err := os.MkdirTemp(dir, "pg")
	if err != nil {
		return "", nil, fmt.Errorf("start postgres: %w", err)
	}
	if len(settings) == 0 {
		settings = testSettings
	}
	if err := initCluster(bin, home, owner, settings); err != nil {
		_ = os.RemoveAll(home)
		return "", nil, err
	}
	stop, err = startServer(bin, home, owner)
	if err != nil {
		return "", nil, err
	}
	query := url.Values{"host": {home}}
	databaseURL = "postgres://postgres@/postgres?" + query.Encode()
	if err := awaitServer(databaseURL); err != nil {
		log, _ := os.ReadFile(filepath.Join(home, "log"))
		stop()
		return "", nil, fmt.Errorf("start postgres: %w\n%s", err, log)
	}
	return databaseURL, stop, nil
}

// postgresBin finds the folder of PostgreSQL's programs: Debian keeps them off the PATH.
func postgresBin() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", ErrNoPostgres
	}
	return filepath.Dir(slices.Max(found)), nil
}

// postgresOwner is who the server runs as: us, unless we are root.
func postgresOwner() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(account.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(account.Gid, 10, 32)
		if err := errors.Join(errUID, errGID); err != nil {
			return nil, fmt.Errorf("start postgres: %w", err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("postgres will not run as root, and there is no user postgres or nobody")
}

func initCluster(bin, home string, owner *syscall.Credential, settings []string) error {
	if owner != nil {
		if err := os.Chown(home, int(owner.Uid), int(owner.Gid)); err != nil {
			return fmt.Errorf("start postgres: %w", err)
		}
	}
	args := []string{
		"-D", filepath.Join(home, "data"), "-U", "postgres", "-A", "trust",
		"-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
	}
	if out, err := command(home, owner, filepath.Join(bin, "initdb"), args...).CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	conf, err := os.OpenFile(filepath.Join(home, "data", "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	for _, line := range append([]string{"listen_addresses=''", "max_connections=300"}, settings...) {
		if _, err := fmt.Fprintln(conf, line); err != nil {
			return errors.Join(err, conf.Close())
		}
	}
	return conf.Close()
}

func startServer(bin, home string, owner *syscall.Credential) (stop func(), err error) {
	cmd := command(home, owner, "/bin/sh", "-c", supervise, "sh", filepath.Join(bin, "postgres"), home)
	// A group of its own, so that Ctrl-C at the terminal reaches us and not the supervisor.
	cmd.SysProcAttr.Setpgid = true
	var pipe io.WriteCloser
	if pipe, err = cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	return sync.OnceFunc(func() {
		_ = pipe.Close()
		_ = cmd.Wait()         // the server was told to quit at once, so its status says nothing
		_ = os.RemoveAll(home) // what is left if the owner may not unlink its folder in a sticky one
	}), nil
}

func command(home string, owner *syscall.Credential, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = home // our own working directory may be closed to the owner
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
	return cmd
}

// awaitServer connects until the server answers. Its socket appears a moment after it starts, and
// PostgreSQL offers nothing to wait on but the attempt.
func awaitServer(databaseURL string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, databaseURL)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

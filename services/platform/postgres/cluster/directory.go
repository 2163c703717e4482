package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// account is the user the server runs as; the zero value is whoever runs this process.
type account struct {
	name     string
	uid, gid int
	switched bool
}

// serverAccount picks an unprivileged user when this process is root's, because Postgres refuses root.
func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(found.Uid)
		gid, gidErr := strconv.Atoi(found.Gid)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return account{name: name, uid: uid, gid: gid, switched: true}, nil
		}
	}
	return account{}, errors.New("Postgres does not run as root, and there is no user postgres or nobody: run this as an ordinary user")
}

// attributes starts a program as the account, away from the terminal's signals. A daemon also ends with this process.
func (a account) attributes(daemon bool) *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if daemon {
		endWithParent(attributes)
	}
	if a.switched {
		attributes.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attributes
}

// prepareDir makes the directory, gives it to the account, and sees that the account can get there.
func (c *Cluster) prepareDir() error {
	if err := os.MkdirAll(c.config.Dir, 0o700); err != nil {
		return err
	}
	if !c.account.switched {
		return os.Chmod(c.config.Dir, 0o700)
	}
	for parent := filepath.Dir(c.config.Dir); parent != "/"; parent = filepath.Dir(parent) {
		info, err := os.Stat(parent)
		if err != nil {
			return err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if info.Mode()&0o001 == 0 && (!ok || int(stat.Uid) != c.account.uid) {
			return fmt.Errorf("the server runs as user %s, who may not enter %s: choose a data directory elsewhere, for example below /var/tmp, or run this as an ordinary user",
				c.account.name, parent)
		}
	}
	if err := os.Chown(c.config.Dir, c.account.uid, c.account.gid); err != nil {
		return err
	}
	return os.Chmod(c.config.Dir, 0o700)
}

// initialize makes the data directory unless it is there, and reads or makes the superuser's password. A directory that
// was left half made is made again.
func (c *Cluster) initialize(binaries Binaries) error {
	passwordFile, complete := filepath.Join(c.config.Dir, "password"), filepath.Join(c.config.Dir, "initialized")
	if _, err := os.Stat(complete); err == nil {
		password, err := os.ReadFile(passwordFile)
		c.password = strings.TrimSpace(string(password))
		return err
	}
	if err := os.RemoveAll(c.data()); err != nil {
		return err
	}
	c.password = randomPassword()
	if err := c.write(passwordFile, c.password+"\n"); err != nil {
		return err
	}
	arguments := []string{
		"-D", c.data(), "-U", superuser, "--pwfile", passwordFile, "--auth-local=trust", "--auth-host=scram-sha-256",
		"--encoding=UTF8", "--locale=C.UTF-8",
	}
	if !c.config.Fsync {
		arguments = append(arguments, "--no-sync")
	}
	command := exec.Command(filepath.Join(binaries.Dir, "initdb"), arguments...)
	command.Env, command.Dir = environment(), c.config.Dir
	command.SysProcAttr = c.account.attributes(false)
	if out, err := command.CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("make the data directory: %s", lines[len(lines)-1])
	}
	return c.write(complete, "")
}

func (c *Cluster) write(file, text string) error {
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	if c.account.switched {
		return os.Chown(file, c.account.uid, c.account.gid)
	}
	return nil
}

// environment keeps settings of the caller's own database clients away from the server.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC"}
}

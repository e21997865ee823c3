package deploy_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"switchboard/dev/stack"
	"switchboard/internal/image"
)

// The image is built as the Dockerfile says, without a container engine, and each process is run in it: on a root that
// cannot be written to, as the image's user, without privileges. Nothing else is there, so what a process wanted from
// elsewhere it would miss.
func TestProcessesRunFromTheImageAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the image's binary")
	}
	if err := image.Confined(t.Context()); err != nil {
		t.Skipf("the image's processes are not run: %v", err)
	}
	tree, err := image.Build(t.Context(), "..", t.TempDir(), "1.2.3-test")
	if err != nil {
		t.Fatal(err)
	}
	switchboard, err := tree.Wrapper()
	if err != nil {
		t.Fatal(err)
	}
	if files := list(t, tree.Root); len(files) != 3 {
		t.Errorf("the image has other files than the binary, the certificates and what an engine adds: %v", files)
	}
	if out, err := exec.CommandContext(t.Context(), switchboard, "version").CombinedOutput(); err != nil || string(out) != "1.2.3-test\n" {
		t.Errorf("version: got %q, %v", out, err)
	}
	// A Temporal that takes connections and says nothing: a worker ends where nobody takes them, to be started again.
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	nowhere := "127.0.0.1:1"
	env := []string{
		"TEMPORAL_ADDRESS=" + silent.Addr().String(), "TEMPORAL_CONFIG_FILE=/nowhere", "KAFKA_BROKERS=" + nowhere, "TWILIO_API_URL=http://" + nowhere,
		"SWITCHBOARD_PUBLIC_URL=http://" + nowhere, "TWILIO_AUTH_TOKEN=token", "TWILIO_CALLER_ID=+442079460000",
		"SWITCHBOARD_WEBHOOK_OPERATIONS_LISTEN=127.0.0.1:0",
	}
	for name, prefix := range map[string]string{"TWILIO_ACCOUNT_SID": "AC", "TWILIO_WORKSPACE_SID": "WS", "TWILIO_WORKFLOW_SID": "WW"} {
		env = append(env, name+"="+prefix+strings.Repeat("0", 32))
	}
	for process, setting := range map[string]string{
		"worker": "SWITCHBOARD_WORKER_LISTEN", "webhook": "SWITCHBOARD_WEBHOOK_LISTEN", "intake": "SWITCHBOARD_INTAKE_LISTEN",
	} {
		t.Run(process, func(t *testing.T) {
			address := stack.FreeAddress(nil)
			cmd := exec.Command(switchboard, process)
			var log strings.Builder
			cmd.Env, cmd.Stderr = append(env, setting+"="+address), &log
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			live := eventually(t, ended, func(ctx context.Context) error {
				return exec.CommandContext(ctx, switchboard, "healthcheck", "http://"+address+"/healthz").Run()
			})
			if live {
				confined(t, cmd.Process.Pid)
				out, err := exec.CommandContext(t.Context(), switchboard, "healthcheck", "http://"+address+"/readyz").CombinedOutput()
				if err == nil || !strings.Contains(string(out), "503") {
					t.Errorf("ready without Temporal, Kafka and Twilio: %v %s", err, out)
				}
				if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
					t.Error(err)
				}
				select {
				case <-ended:
				case <-time.After(time.Minute):
					t.Error("still running a minute after SIGTERM")
					_ = cmd.Process.Kill()
					<-ended
				}
			}
			if t.Failed() {
				t.Logf("its log:\n%s", log.String())
			} else if !strings.Contains(log.String(), `"Version":"1.2.3-test"`) {
				t.Errorf("the log does not say which version it is:\n%s", log.String())
			}
		})
	}
}

// eventually asks until it is answered; false, and an error, if the process ends first or half a minute has passed.
func eventually(t *testing.T, ended chan error, ask func(context.Context) error) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return true
		}
		select {
		case how := <-ended:
			t.Errorf("it ended: %v", how)
			return false
		case <-ctx.Done():
			t.Errorf("no answer: %v", err)
			return false
		case <-tick.C:
		}
	}
}

// confined looks at a running process from outside.
func confined(t *testing.T, pid int) {
	t.Helper()
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Uid:\t10001\t10001\t10001\t10001", "Gid:\t10001\t10001\t10001\t10001", "CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "NoNewPrivs:\t1"} {
		if !strings.Contains(string(status), want+"\n") {
			t.Errorf("the process has not %q:\n%s", want, status)
		}
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(filepath.Join(dir, "root"), &fs); err != nil {
		t.Fatal(err)
	}
	if fs.Flags&syscall.MS_RDONLY == 0 {
		t.Error("the process's root can be written to")
	}
}

func list(t *testing.T, root string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, strings.TrimPrefix(path, root))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is one of the stack's child processes. It leads a process group of its own: a Ctrl-C meant for us does not
// reach it, and whatever it starts ends with it.
type process struct {
	name  string
	path  string
	args  []string
	env   []string
	log   string                      // file that its output is appended to
	ready func(context.Context) error // one look whether it is; nil error is yes
	grace time.Duration               // between SIGTERM and SIGKILL

	address string // where the webhook process listens

	keepAlive bool
	notice    func(string)

	mu     sync.Mutex
	run    *run // the latest; nil before the first
	wanted bool // it ended by itself if it ends now
	kept   bool // it was ready once, and is started again from then on
	deaths int  // since it last ran for a while
}

// run is one life of a process.
type run struct {
	cmd    *exec.Cmd
	began  time.Time
	exited chan struct{}
	err    error // set when exited is closed
	offset int64 // of its output in the log
}

func (r *run) alive() bool {
	if r == nil {
		return false
	}
	select {
	case <-r.exited:
		return false
	default:
		return true
	}
}

// start starts the process if it is not running. It does not wait until it is ready.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = true
	if p.run.alive() {
		return nil
	}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close() // the child has its own
	size, err := log.Seek(0, 2)
	if err != nil {
		return err
	}
	cmd := exec.Command(p.path, p.args...)
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = p.env, log, log, childAttributes()
	r := &run{cmd: cmd, began: time.Now(), exited: make(chan struct{}), offset: size}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	p.run = r
	go p.watch(r)
	return nil
}

const (
	longEnough = time.Minute // a process that lived this long gets the shortest pause again
	firstPause = 500 * time.Millisecond
	lastPause  = 30 * time.Second
)

// watch waits for a life to end, and begins the next if nobody wanted it to.
func (p *process) watch(r *run) {
	r.err = r.cmd.Wait()
	close(r.exited)
	p.mu.Lock()
	again := p.wanted && p.kept && p.run == r
	if time.Since(r.began) > longEnough {
		p.deaths = 0
	}
	pause := min(firstPause<<min(p.deaths, 10), lastPause)
	p.deaths++
	p.mu.Unlock()
	if !again {
		return
	}
	p.notice(fmt.Sprintf("%s ended (%s), starting it again in %v; see %s", p.name, r.how(), pause, p.log))
	time.AfterFunc(pause, func() {
		p.mu.Lock()
		again := p.wanted && p.run == r
		p.mu.Unlock()
		if !again {
			return
		}
		if err := p.start(); err != nil {
			p.notice(err.Error())
		} else if p.await(context.Background()) == nil { // it has a limit of its own; a failure is told by the next watch
			p.notice(p.name + " works again")
		}
	})
}

func (r *run) how() string {
	if r.err == nil {
		return "exit status 0"
	}
	return r.err.Error()
}

const readyPoll = 25 * time.Millisecond

// await waits until the process is ready. A process that ends instead is an error with the end of its log.
func (p *process) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit, fmt.Errorf("not ready after %v", startLimit))
	defer cancel()
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		p.mu.Lock()
		r, kept := p.run, p.kept
		p.mu.Unlock()
		err := p.ready(ctx)
		if err == nil {
			p.mu.Lock()
			p.kept = p.keepAlive
			p.mu.Unlock()
			return nil
		}
		over := r.exited
		if kept {
			over = nil // the next life may be luckier
		}
		select {
		case <-over:
			return fmt.Errorf("%s ended (%s) before it was ready:\n%s", p.name, r.how(), p.tail(r))
		case <-ctx.Done():
			return fmt.Errorf("%s: %w: %w\n%s", p.name, context.Cause(ctx), err, p.tail(r))
		case <-tick.C:
		}
	}
}

// tail is the end of what this life has written.
func (p *process) tail(r *run) string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text[min(r.offset, int64(len(text))):])), "\n")
	const most = 15
	if len(lines) > most {
		lines = lines[len(lines)-most:]
	}
	return "  " + strings.Join(lines, "\n  ")
}

// signal sends a signal to the process group; nothing if it has ended.
func (p *process) signal(sig syscall.Signal) error {
	p.mu.Lock()
	r := p.run
	p.mu.Unlock()
	if !r.alive() {
		return nil
	}
	if err := syscall.Kill(-r.cmd.Process.Pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("%s: %v: %w", p.name, sig, err)
	}
	return nil
}

// unwant keeps the process from being started again, and returns its life.
func (p *process) unwant() *run {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted, p.deaths = false, 0
	return p.run
}

// stop asks the process to end and waits; after its grace, or when ctx ends, it is killed.
func (p *process) stop(ctx context.Context) error {
	r := p.unwant()
	if !r.alive() {
		return nil
	}
	_ = p.signal(syscall.SIGCONT) // a paused process does not hear the next
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	asked := time.Now()
	ctx, cancel := context.WithTimeout(ctx, p.grace)
	defer cancel()
	select {
	case <-r.exited:
		return nil
	case <-ctx.Done():
	}
	if err := p.kill(); err != nil {
		return err
	}
	return fmt.Errorf("%s had not ended after %v and was killed", p.name, time.Since(asked).Round(100*time.Millisecond))
}

// kill ends the process as a power cut would, and waits until it is gone.
func (p *process) kill() error {
	r := p.unwant()
	if !r.alive() {
		return nil
	}
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-r.exited
	return nil
}

func (p *process) pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.run.alive() {
		return 0
	}
	return p.run.cmd.Process.Pid
}

// startedAt is when the present life began.
func (p *process) startedAt() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.run.began
}

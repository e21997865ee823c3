package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tryLock takes a lock that ends with the process, however it ends. A nil file means that holder has it.
func tryLock(path string) (lock *os.File, holder string, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, "", err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		text, _ := io.ReadAll(io.LimitReader(f, 20)) // for the message only
		return nil, strings.TrimSpace(string(text)), f.Close()
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	return f, "", nil
}

// waitLock waits for a lock.
func waitLock(ctx context.Context, path string, detail func(string)) (*os.File, error) {
	for {
		lock, holder, err := tryLock(path)
		if lock != nil || err != nil {
			return lock, err
		}
		detail("waiting for process " + holder + ", which builds the same")
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

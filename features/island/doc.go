// Package island proves that tests reach for nothing beyond this machine. The whole test process, and with it whatever it
// starts (servers, a browser), runs in a network of its own that has nothing but loopback, and every packet in it is
// looked at: one that is meant for another address goes nowhere, is remembered and fails the tests.
//
// It needs Linux and the right to make such a network, which root and, on most systems, everybody has; where it has not,
// the tests run as usual and Proved says that nothing is proved. Start with Run, from a package's TestMain.
package island

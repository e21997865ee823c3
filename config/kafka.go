package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"strconv"
)

// kafkaTLS is how the brokers are known and how we are; nil: without TLS. Naming a file switches it on.
func (r *reader) kafkaTLS() *tls.Config {
	const on, ca, cert, key = "KAFKA_TLS", "KAFKA_TLS_CA_PATH", "KAFKA_TLS_CERT_PATH", "KAFKA_TLS_KEY_PATH"
	files := r.optional(ca, "") + r.optional(cert, "") + r.optional(key, "")
	wanted, err := strconv.ParseBool(r.optional(on, strconv.FormatBool(files != "")))
	switch {
	case err != nil:
		r.wrong(on, "must be true or false")
		return nil
	case !wanted && files != "":
		r.wrong(on, "is false, but %s, %s or %s is set: unset them, or it", ca, cert, key)
		return nil
	case !wanted:
		return nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if path := r.optional(ca, ""); path != "" {
		if c.RootCAs, err = authorities(path); err != nil {
			r.wrong(ca, "cannot be used: %v", err)
		}
	}
	if r.optional(cert, "")+r.optional(key, "") != "" {
		pair, err := tls.LoadX509KeyPair(r.optional(cert, ""), r.optional(key, ""))
		if err != nil {
			r.wrong(cert, "and %s must be a client's certificate and its key in PEM: %v", key, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c
}

// authorities are those of a file, and no others.
func authorities(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("the file has no certificate in PEM")
	}
	return pool, nil
}

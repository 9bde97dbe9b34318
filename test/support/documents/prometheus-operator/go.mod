// Not a program: the version of the Prometheus operator whose custom resource definitions the tests take, and go.sum its content.
module debugsession.dev/test/prometheus-operator

go 1.24

require github.com/prometheus-operator/prometheus-operator v0.85.0

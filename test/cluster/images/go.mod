module debugsession.dev/testimages

go 1.26.0

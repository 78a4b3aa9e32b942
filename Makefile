# Only what is too long to type. Tests: ./test

.PHONY: bench
bench: ## measure beside cp, restic, borg, nginx, Apache and rclone; about an hour
	bash bench/setup
	go run -C bench . all

#!/bin/sh
# Makes the secrets of docker-compose.yml that nobody has to know, each a file of a folder that only its owner can enter
# ($SWITCHBOARD_SECRETS, or .secrets at the root). What is there already stays as it is.
set -eu
cd "$(dirname "$0")/.."
dir=${SWITCHBOARD_SECRETS:-.secrets}
mkdir -p -m 700 "$dir"

# $1 the file, the rest what prints it. Containers run as several users, so each must be able to read the file itself.
make() {
	file=$dir/$1
	shift
	if [ ! -s "$file" ]; then
		"$@" >"$file.new"
		chmod 444 "$file.new"
		mv "$file.new" "$file"
		echo "made $file"
	fi
}

make postgres_password openssl rand -hex 16
make session_key openssl rand -base64 32
# The identity comes first, and is kept with what is encrypted.
make encryption_keys sh -c 'printf "%s:%s\n" "$(date -u +%Y-%m)" "$(openssl rand -base64 32)"'

for theirs in twilio_auth_token twilio_api_key_secret oidc_client_secret; do
	[ -s "$dir/$theirs" ] || echo "for deploy/production.yml put it into $dir/$theirs, and chmod 444 the file"
done

#!/bin/sh
# Makes the secrets of docker-compose.yml and deploy/production.yml, each a file of a folder that only its owner can enter
# ($SWITCHBOARD_SECRETS, or .secrets at the root). What is there already stays as it is.
#
#   deploy/secrets.sh [.env.production]    the environment file that provisioning wrote, for those that come from Twilio
set -eu
environment=${1:+$(realpath "$1")}
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

# $1 the file, $2 the variable that provisioning wrote it as, if it did.
take() {
	if [ -n "$environment" ] && grep -q "^$2=." "$environment"; then
		make "$1" sed -n "s/^$2=//p" "$environment"
	fi
}

take twilio_auth_token TWILIO_AUTH_TOKEN
take twilio_api_key_secret TWILIO_API_KEY_SECRET
take session_key SWITCHBOARD_SESSION_KEY

make postgres_password openssl rand -hex 16
make session_key openssl rand -base64 32
# The identity comes first, and is kept with what is encrypted.
make encryption_keys sh -c 'printf "%s:%s\n" "$(date -u +%Y-%m)" "$(openssl rand -base64 32)"'

for yours in twilio_auth_token twilio_api_key_secret oidc_client_secret; do
	[ -s "$dir/$yours" ] || echo "for deploy/production.yml put it into $dir/$yours, and chmod 444 the file"
done

#!/usr/bin/env bash
# All processes of a server on one machine, without containers: code locations, web server, daemon.
# Ends all of them when it is ended, or as soon as one of them ends by itself.
#
#   DAGSTER_POSTGRES_URL=postgresql+psycopg2://... MESH_HOME=/srv/mesh BANK_DATA=/srv/exports deploy/all-processes.sh
set -euo pipefail

: "${DAGSTER_POSTGRES_URL:?the address of the PostgreSQL database}"
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bin=${BANKMESH_BIN:-$root/.venv/bin}
port=${PORT:-3000}

export BANKMESH_ROOT=${BANKMESH_ROOT:-$root}
export MESH_HOME=${MESH_HOME:-$root/.mesh}
export DAGSTER_HOME=$MESH_HOME/dagster
export DAGSTER_COMPUTE_LOGS=$DAGSTER_HOME/compute_logs
export DAGSTER_DISABLE_TELEMETRY=true DBT_SEND_ANONYMOUS_USAGE_STATS=false
export RETAIL_HOST=localhost CUSTOMER_SERVICE_HOST=localhost INVESTMENT_HOST=localhost
export PYTHONWARNINGS=${PYTHONWARNINGS:-ignore}

mkdir -p "$DAGSTER_COMPUTE_LOGS"
cp "$root/deploy/dagster.yaml" "$DAGSTER_HOME/dagster.yaml"
cd "$BANKMESH_ROOT"

# Make the tables once, before five processes want to.
"$bin/dagster" instance info > /dev/null

trap 'trap - EXIT INT TERM; kill $(jobs -p) 2>/dev/null || true; wait' EXIT INT TERM

"$bin/dagster" api grpc -h localhost -p 4001 -m retail.definitions --location-name retail --lazy-load-user-code &
"$bin/dagster" api grpc -h localhost -p 4002 -m customer_service.definitions --location-name customer_service --lazy-load-user-code &
"$bin/dagster" api grpc -h localhost -p 4003 -m investment.definitions --location-name investment --lazy-load-user-code &
# A server that listens loads its code when it is asked to, and answers with the error if that fails.
for server in 4001 4002 4003; do
  until (exec 3<>"/dev/tcp/localhost/$server") 2>/dev/null; do sleep 0.5; done
done

"$bin/dagster-webserver" -h 127.0.0.1 -p "$port" -w "$root/deploy/workspace.yaml" &
"$bin/dagster-daemon" run -w "$root/deploy/workspace.yaml" &

wait -n
echo "A process has ended; ending the others." >&2
exit 1

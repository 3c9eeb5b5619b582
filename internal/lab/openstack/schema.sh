# shellcheck shell=sh
# Makes the tables of one service: what follows calls these, with $service and $identity set.
set -e

# run MODULE ARGUMENTS...: a service's own tool, with the service's configuration.
run() {
	module=$1
	shift
	/usr/bin/python3 -c "import sys; from $module import main; sys.exit(main())" --config-file "/run/virtlab/etc/$service.conf" "$@"
}

# url DATABASE: as the services name it.
url() {
	echo "mysql+pymysql://root@localhost/$1?unix_socket=/run/virtlab/mysql.sock&charset=utf8"
}


// Package sandbox is a platform kept in a directory: for learning, for `terraform test` of modules, and for the
// project's own tests. Nothing runs, but everything behaves: names are unique, references are checked, disks in use
// cannot be attached twice, a restart changes the boot time, and what somebody changes by hand is drift.
//
// # The directory
//
//	sandbox.json           {"endpoint": "<uuid>", "seeded": ["image:debian-12"]}: who this platform is
//	machine/<id>.json      one file per object; the file's name is the id, a UUID
//	network/<id>.json
//	disk/<id>.json
//	image/<id>.json
//	snapshot/<id>.json
//	storage_pool/<id>.json
//	container/<id>.json    and so on: container_image, registry_image, volume, service, secret, config, router,
//	                       public_ip, firewall, placement_group, ssh_key, project
//	.lock                  taken (flock) by whoever writes; it is never removed
//	journal.json           only while a change of several files is under way; the next one to come completes it
//	calls.log              with count_calls = true: one line per call, "<verb> <kind> <name or id>"
//
// The directory is made by the first write: reading a sandbox that does not exist finds it empty but for its seeds.
// Until then the endpoint is derived from the host's name and the directory's path; from then on it stays what
// sandbox.json says, also when the directory is moved.
//
// # The files
//
// Objects have a form of their own, on purpose different from the resources' attributes, and may be edited, added
// and deleted by hand at any time to see how drift looks. An unknown field is an error that names the file: a
// typing mistake must not pass for a change. A machine:
//
//	{
//	  "name": "web-1",
//	  "created": "2026-01-02T15:04:05Z",
//	  "vcpus": 2,
//	  "memory_mib": 4096,
//	  "firmware": "uefi",
//	  "state": "running",                  running, stopped or saved
//	  "disks": [
//	    {"slot": "scsi0-0", "uuid": "…", "boot": true, "mib": 20480, "type": "thin", "storage": "local", "path": "[local] web-1/…"},
//	    {"slot": "scsi0-1", "uuid": "…", "key": "data", "volume": true}
//	  ],
//	  "nics": [{"slot": "nic0", "id": "…", "key": "eth0", "network": "<id>", "mac": "02:…", "lease": "192.0.2.7"}],
//	  "guest": {"booted_at": "…", "agent": true, "addresses": ["192.0.2.7"]}
//	}
//
// A disk with "volume" is an attached disk/<uuid>.json; any other lives inside the machine. The key is the one the
// configuration uses, so that an import finds it again; a disk or NIC added by hand has none. "creating": true marks
// an object whose creation has not ended. Passwords are kept as a salted hash, user data as a hash.
//
// All other kinds only keep what they are told. Their files have the attributes under their own names:
//
//	{
//	  "name": "web",
//	  "created": "2026-01-02T15:04:05Z",
//	  "tags": {"role": "web"},
//	  "attributes": {"image_id": "nginx:1.27", "power": "on", "ports": {"http": {"id": "…", "port": 80, "host_port": 8080}}}
//	}
//
// What is confidential is kept as a hash. An image's id follows from its name and source_hash, a port without a number
// gets one, all containers of a service run at once, and "kept": true marks an image that was left behind by
// keep = true. Registry images lie in repositories, which have no files. The outside is the network "public" with the
// range 203.0.113.0/24, which has no file, or any other network.
//
// Storage pools need not be there: a disk's storage is any name, and a pool of that name has so much less available.
// The one host has no file; running machines take of its memory.
//
// # Safety
//
// Files are written beside their place, flushed and renamed, so that a reader needs no lock and never sees half a
// file; a change of several files is written ahead to journal.json. A process killed at any moment leaves at most a
// temporary file, which the next writer removes, or a journal, which the next one to come completes. Only the first,
// marked form of a new object is not flushed: after a crash of the whole system it may be missing or empty. A file that
// cannot be read costs that object alone: reading it is an error with its path, lists leave it out with a warning.
//
// # Faults
//
// The setting faults is a list of rules, "<verb> [<kind> [<name or id>]]: <effect>". Verbs are open, create, read,
// update, delete, list, find and any; the name may hold the wildcards of [path.Match]. The first rule that matches
// a call and takes effect counts. Effects:
//
//	fail              nothing is done, the call fails
//	fail half-way     create, update and delete do half their work, then fail
//	hang              the call lasts until it is cancelled
//	hang half-way     the same after half the work
//	refuse            connection refused
//	deny              not authorised
//	throttle N        the first N calls of a connection are answered "too many requests"
//	error P%          P of 100 calls fail, the same ones in every run
//	slow D            the call takes D longer ("2s")
package sandbox

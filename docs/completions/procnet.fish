# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_procnet_global_optspecs
    string join \n port= bind= allow-host= open allow-user= token-file= tls-cert= tls-key= tls-self-signed behind-proxy= collector= interval= group-by= p2p-only udp unix icons-dir= show-secrets rules= no-builtin-rules svc-ports= no-dns geoip= log= h/help V/version
end

function __fish_procnet_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_procnet_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_procnet_using_subcommand
    set -l cmd (__fish_procnet_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c procnet -n "__fish_procnet_needs_command" -l port -d 'The TCP port of the page; 0 for any free one' -r
complete -c procnet -n "__fish_procnet_needs_command" -l bind -d 'The address to listen on' -r
complete -c procnet -n "__fish_procnet_needs_command" -l allow-host -d 'A host name under which the page may be asked for, beside localhost (repeatable)' -r
complete -c procnet -n "__fish_procnet_needs_command" -l allow-user -d 'A user of this machine who may open the page too (repeatable)' -r
complete -c procnet -n "__fish_procnet_needs_command" -l token-file -d 'The file with the token, which lets in everybody who has it' -r -F
complete -c procnet -n "__fish_procnet_needs_command" -l tls-cert -d 'The certificate for TLS (PEM, with those of its issuers), and serve by TLS only' -r -F
complete -c procnet -n "__fish_procnet_needs_command" -l tls-key -d 'The certificate\'s private key (PEM)' -r -F
complete -c procnet -n "__fish_procnet_needs_command" -l behind-proxy -d 'The host name by which a proxy on this machine, which does TLS, asks for the page' -r
complete -c procnet -n "__fish_procnet_needs_command" -l collector -d 'How to learn what happens' -r -f -a "auto\t'Events where the kernel tells them, else scanning'
bpf\t'Events (from programs in Linux\'s kernel, from ETW on Windows), or an error that says what is missing'
scan\t'Only reading tables, at the interval'"
complete -c procnet -n "__fish_procnet_needs_command" -l interval -d 'Seconds between two looks at all sockets, 0.1 to 3600' -r
complete -c procnet -n "__fish_procnet_needs_command" -l group-by -d 'How processes are grouped at first' -r -f -a "auto\t'Trees, or something coarser where those are too many'
process\t'Every process by itself'
tree\t'A program and its workers'
container\t'A container; trees outside of containers'
unit\t'A unit of systemd; trees outside of units'
family\t'All processes of one name or label'
executable\t'All processes of one program, whatever it was told to do'
user\t'All processes of a user'
host\t'All processes of the machine'"
complete -c procnet -n "__fish_procnet_needs_command" -l icons-dir -d 'A folder with icons of your own' -r -F
complete -c procnet -n "__fish_procnet_needs_command" -l rules -d 'A YAML or JSON file that gives processes types and labels' -r -F
complete -c procnet -n "__fish_procnet_needs_command" -l svc-ports -d 'More service ports, such as 9000,9090' -r
complete -c procnet -n "__fish_procnet_needs_command" -l geoip -d 'An MMDB file with countries or networks (AS numbers) of addresses (repeatable)' -r -F
complete -c procnet -n "__fish_procnet_needs_command" -l log -d 'What to tell on stderr: error, warn, info, debug, trace, or a filter such as info,procnet_collect=debug' -r
complete -c procnet -n "__fish_procnet_needs_command" -l open -d 'Open the page in the browser'
complete -c procnet -n "__fish_procnet_needs_command" -l tls-self-signed -d 'Serve by TLS only, with a certificate that procnet makes for itself'
complete -c procnet -n "__fish_procnet_needs_command" -l p2p-only -d 'Show only connections between processes: no remote endpoints, no idle listeners'
complete -c procnet -n "__fish_procnet_needs_command" -l udp -d 'Show UDP too, not only TCP'
complete -c procnet -n "__fish_procnet_needs_command" -l unix -d 'Show UNIX domain sockets too, such as those of PostgreSQL, Docker and D-Bus'
complete -c procnet -n "__fish_procnet_needs_command" -l show-secrets -d 'Show secrets in command lines to whoever may see the page'
complete -c procnet -n "__fish_procnet_needs_command" -l no-builtin-rules -d 'Don\'t recognise well-known programs by the built-in rules'
complete -c procnet -n "__fish_procnet_needs_command" -l no-dns -d 'Don\'t ask what remote addresses are called'
complete -c procnet -n "__fish_procnet_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c procnet -n "__fish_procnet_needs_command" -s V -l version -d 'Print version'
complete -c procnet -n "__fish_procnet_needs_command" -f -a "serve" -d 'Serve the live map as a web page (the default)'
complete -c procnet -n "__fish_procnet_needs_command" -f -a "ls" -d 'List sockets, their owners and directions in the terminal'
complete -c procnet -n "__fish_procnet_needs_command" -f -a "export" -d 'Write the map of this machine down as a file for other programs'
complete -c procnet -n "__fish_procnet_needs_command" -f -a "demo" -d 'Serve the map of a simulated machine'
complete -c procnet -n "__fish_procnet_needs_command" -f -a "doctor" -d 'Tell what can be seen on this machine, what cannot and how to change that'
complete -c procnet -n "__fish_procnet_needs_command" -f -a "service" -d 'Install, take away or be the Windows service that serves the map'
complete -c procnet -n "__fish_procnet_needs_command" -f -a "token" -d 'Print the address that opens the page for whoever has it'
complete -c procnet -n "__fish_procnet_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c procnet -n "__fish_procnet_needs_command" -f -a "man" -d 'Print the man page'
complete -c procnet -n "__fish_procnet_needs_command" -f -a "licences" -d 'Print the licences of procnet and of every library inside it'
complete -c procnet -n "__fish_procnet_needs_command" -f -a "options" -d 'Print all options as Markdown'
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l port -d 'The TCP port of the page; 0 for any free one' -r
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l bind -d 'The address to listen on' -r
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l allow-host -d 'A host name under which the page may be asked for, beside localhost (repeatable)' -r
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l allow-user -d 'A user of this machine who may open the page too (repeatable)' -r
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l token-file -d 'The file with the token, which lets in everybody who has it' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l tls-cert -d 'The certificate for TLS (PEM, with those of its issuers), and serve by TLS only' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l tls-key -d 'The certificate\'s private key (PEM)' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l behind-proxy -d 'The host name by which a proxy on this machine, which does TLS, asks for the page' -r
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l collector -d 'How to learn what happens' -r -f -a "auto\t'Events where the kernel tells them, else scanning'
bpf\t'Events (from programs in Linux\'s kernel, from ETW on Windows), or an error that says what is missing'
scan\t'Only reading tables, at the interval'"
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l interval -d 'Seconds between two looks at all sockets, 0.1 to 3600' -r
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l group-by -d 'How processes are grouped at first' -r -f -a "auto\t'Trees, or something coarser where those are too many'
process\t'Every process by itself'
tree\t'A program and its workers'
container\t'A container; trees outside of containers'
unit\t'A unit of systemd; trees outside of units'
family\t'All processes of one name or label'
executable\t'All processes of one program, whatever it was told to do'
user\t'All processes of a user'
host\t'All processes of the machine'"
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l icons-dir -d 'A folder with icons of your own' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l rules -d 'A YAML or JSON file that gives processes types and labels' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l svc-ports -d 'More service ports, such as 9000,9090' -r
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l geoip -d 'An MMDB file with countries or networks (AS numbers) of addresses (repeatable)' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l log -d 'What to tell on stderr: error, warn, info, debug, trace, or a filter such as info,procnet_collect=debug' -r
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l open -d 'Open the page in the browser'
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l tls-self-signed -d 'Serve by TLS only, with a certificate that procnet makes for itself'
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l p2p-only -d 'Show only connections between processes: no remote endpoints, no idle listeners'
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l udp -d 'Show UDP too, not only TCP'
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l unix -d 'Show UNIX domain sockets too, such as those of PostgreSQL, Docker and D-Bus'
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l show-secrets -d 'Show secrets in command lines to whoever may see the page'
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l no-builtin-rules -d 'Don\'t recognise well-known programs by the built-in rules'
complete -c procnet -n "__fish_procnet_using_subcommand serve" -l no-dns -d 'Don\'t ask what remote addresses are called'
complete -c procnet -n "__fish_procnet_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c procnet -n "__fish_procnet_using_subcommand ls" -l collector -d 'How to learn what happens' -r -f -a "auto\t'Events where the kernel tells them, else scanning'
bpf\t'Events (from programs in Linux\'s kernel, from ETW on Windows), or an error that says what is missing'
scan\t'Only reading tables, at the interval'"
complete -c procnet -n "__fish_procnet_using_subcommand ls" -l interval -d 'Seconds between two looks at all sockets, 0.1 to 3600' -r
complete -c procnet -n "__fish_procnet_using_subcommand ls" -l rules -d 'A YAML or JSON file that gives processes types and labels' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand ls" -l svc-ports -d 'More service ports, such as 9000,9090' -r
complete -c procnet -n "__fish_procnet_using_subcommand ls" -l geoip -d 'An MMDB file with countries or networks (AS numbers) of addresses (repeatable)' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand ls" -l log -d 'What to tell on stderr: error, warn, info, debug, trace, or a filter such as info,procnet_collect=debug' -r
complete -c procnet -n "__fish_procnet_using_subcommand ls" -l unix -d 'List UNIX domain sockets too: a path stands in the place of an address'
complete -c procnet -n "__fish_procnet_using_subcommand ls" -l json -d 'Print JSON: one array of objects (with --watch: one object per line)'
complete -c procnet -n "__fish_procnet_using_subcommand ls" -l csv -d 'Print comma-separated values with a header line'
complete -c procnet -n "__fish_procnet_using_subcommand ls" -l watch -d 'Keep watching: first what is there, then what opens (+), changes (~) and closes (-)'
complete -c procnet -n "__fish_procnet_using_subcommand ls" -l no-builtin-rules -d 'Don\'t recognise well-known programs by the built-in rules'
complete -c procnet -n "__fish_procnet_using_subcommand ls" -l no-dns -d 'Don\'t ask what remote addresses are called'
complete -c procnet -n "__fish_procnet_using_subcommand ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c procnet -n "__fish_procnet_using_subcommand export" -l format -d 'The format; without it what the name of the file says, else json' -r -f -a "json\t'One object; a node or an edge on each line'
csv\t'A table: nodes, then edges'
graphml\t'For Gephi, yEd, Cytoscape, NetworkX'
dot\t'For Graphviz'
mermaid\t'A flow chart for Markdown'"
complete -c procnet -n "__fish_procnet_using_subcommand export" -s o -l output -d 'The file; without it stdout' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand export" -l group-by -d 'How processes are grouped' -r -f -a "auto\t'Trees, or something coarser where those are too many'
process\t'Every process by itself'
tree\t'A program and its workers'
container\t'A container; trees outside of containers'
unit\t'A unit of systemd; trees outside of units'
family\t'All processes of one name or label'
executable\t'All processes of one program, whatever it was told to do'
user\t'All processes of a user'
host\t'All processes of the machine'"
complete -c procnet -n "__fish_procnet_using_subcommand export" -l collector -d 'How to learn what happens' -r -f -a "auto\t'Events where the kernel tells them, else scanning'
bpf\t'Events (from programs in Linux\'s kernel, from ETW on Windows), or an error that says what is missing'
scan\t'Only reading tables, at the interval'"
complete -c procnet -n "__fish_procnet_using_subcommand export" -l interval -d 'Seconds between two looks at all sockets, 0.1 to 3600' -r
complete -c procnet -n "__fish_procnet_using_subcommand export" -l rules -d 'A YAML or JSON file that gives processes types and labels' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand export" -l svc-ports -d 'More service ports, such as 9000,9090' -r
complete -c procnet -n "__fish_procnet_using_subcommand export" -l geoip -d 'An MMDB file with countries or networks (AS numbers) of addresses (repeatable)' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand export" -l log -d 'What to tell on stderr: error, warn, info, debug, trace, or a filter such as info,procnet_collect=debug' -r
complete -c procnet -n "__fish_procnet_using_subcommand export" -l p2p-only -d 'Only connections between processes: no remote endpoints, no idle listeners'
complete -c procnet -n "__fish_procnet_using_subcommand export" -l udp -d 'UDP too, not only TCP'
complete -c procnet -n "__fish_procnet_using_subcommand export" -l unix -d 'UNIX domain sockets too'
complete -c procnet -n "__fish_procnet_using_subcommand export" -l no-builtin-rules -d 'Don\'t recognise well-known programs by the built-in rules'
complete -c procnet -n "__fish_procnet_using_subcommand export" -l no-dns -d 'Don\'t ask what remote addresses are called'
complete -c procnet -n "__fish_procnet_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l size -d 'How much goes on' -r -f -a "small\t'A desk machine'
medium\t'A small server'
large\t'A busy server'
huge\t'More than anybody wants to see at once'"
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l sockets -d 'About so many sockets, instead of a size' -r
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l seed -d 'The same number gives the same machine' -r
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l port -d 'The TCP port of the page; 0 for any free one' -r
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l bind -d 'The address to listen on' -r
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l allow-host -d 'A host name under which the page may be asked for, beside localhost (repeatable)' -r
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l allow-user -d 'A user of this machine who may open the page too (repeatable)' -r
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l token-file -d 'The file with the token, which lets in everybody who has it' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l tls-cert -d 'The certificate for TLS (PEM, with those of its issuers), and serve by TLS only' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l tls-key -d 'The certificate\'s private key (PEM)' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l behind-proxy -d 'The host name by which a proxy on this machine, which does TLS, asks for the page' -r
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l collector -d 'How to learn what happens' -r -f -a "auto\t'Events where the kernel tells them, else scanning'
bpf\t'Events (from programs in Linux\'s kernel, from ETW on Windows), or an error that says what is missing'
scan\t'Only reading tables, at the interval'"
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l interval -d 'Seconds between two looks at all sockets, 0.1 to 3600' -r
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l group-by -d 'How processes are grouped at first' -r -f -a "auto\t'Trees, or something coarser where those are too many'
process\t'Every process by itself'
tree\t'A program and its workers'
container\t'A container; trees outside of containers'
unit\t'A unit of systemd; trees outside of units'
family\t'All processes of one name or label'
executable\t'All processes of one program, whatever it was told to do'
user\t'All processes of a user'
host\t'All processes of the machine'"
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l icons-dir -d 'A folder with icons of your own' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l rules -d 'A YAML or JSON file that gives processes types and labels' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l svc-ports -d 'More service ports, such as 9000,9090' -r
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l geoip -d 'An MMDB file with countries or networks (AS numbers) of addresses (repeatable)' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l log -d 'What to tell on stderr: error, warn, info, debug, trace, or a filter such as info,procnet_collect=debug' -r
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l open -d 'Open the page in the browser'
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l tls-self-signed -d 'Serve by TLS only, with a certificate that procnet makes for itself'
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l p2p-only -d 'Show only connections between processes: no remote endpoints, no idle listeners'
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l udp -d 'Show UDP too, not only TCP'
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l unix -d 'Show UNIX domain sockets too, such as those of PostgreSQL, Docker and D-Bus'
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l show-secrets -d 'Show secrets in command lines to whoever may see the page'
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l no-builtin-rules -d 'Don\'t recognise well-known programs by the built-in rules'
complete -c procnet -n "__fish_procnet_using_subcommand demo" -l no-dns -d 'Don\'t ask what remote addresses are called'
complete -c procnet -n "__fish_procnet_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c procnet -n "__fish_procnet_using_subcommand doctor" -l collector -d 'How to learn what happens' -r -f -a "auto\t'Events where the kernel tells them, else scanning'
bpf\t'Events (from programs in Linux\'s kernel, from ETW on Windows), or an error that says what is missing'
scan\t'Only reading tables, at the interval'"
complete -c procnet -n "__fish_procnet_using_subcommand doctor" -l json -d 'Print one JSON object'
complete -c procnet -n "__fish_procnet_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c procnet -n "__fish_procnet_using_subcommand service" -l port -d 'The TCP port of the page; 0 for any free one' -r
complete -c procnet -n "__fish_procnet_using_subcommand service" -l bind -d 'The address to listen on' -r
complete -c procnet -n "__fish_procnet_using_subcommand service" -l allow-host -d 'A host name under which the page may be asked for, beside localhost (repeatable)' -r
complete -c procnet -n "__fish_procnet_using_subcommand service" -l allow-user -d 'A user of this machine who may open the page too (repeatable)' -r
complete -c procnet -n "__fish_procnet_using_subcommand service" -l token-file -d 'The file with the token, which lets in everybody who has it' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand service" -l tls-cert -d 'The certificate for TLS (PEM, with those of its issuers), and serve by TLS only' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand service" -l tls-key -d 'The certificate\'s private key (PEM)' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand service" -l behind-proxy -d 'The host name by which a proxy on this machine, which does TLS, asks for the page' -r
complete -c procnet -n "__fish_procnet_using_subcommand service" -l collector -d 'How to learn what happens' -r -f -a "auto\t'Events where the kernel tells them, else scanning'
bpf\t'Events (from programs in Linux\'s kernel, from ETW on Windows), or an error that says what is missing'
scan\t'Only reading tables, at the interval'"
complete -c procnet -n "__fish_procnet_using_subcommand service" -l interval -d 'Seconds between two looks at all sockets, 0.1 to 3600' -r
complete -c procnet -n "__fish_procnet_using_subcommand service" -l group-by -d 'How processes are grouped at first' -r -f -a "auto\t'Trees, or something coarser where those are too many'
process\t'Every process by itself'
tree\t'A program and its workers'
container\t'A container; trees outside of containers'
unit\t'A unit of systemd; trees outside of units'
family\t'All processes of one name or label'
executable\t'All processes of one program, whatever it was told to do'
user\t'All processes of a user'
host\t'All processes of the machine'"
complete -c procnet -n "__fish_procnet_using_subcommand service" -l icons-dir -d 'A folder with icons of your own' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand service" -l rules -d 'A YAML or JSON file that gives processes types and labels' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand service" -l svc-ports -d 'More service ports, such as 9000,9090' -r
complete -c procnet -n "__fish_procnet_using_subcommand service" -l geoip -d 'An MMDB file with countries or networks (AS numbers) of addresses (repeatable)' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand service" -l log -d 'What to tell on stderr: error, warn, info, debug, trace, or a filter such as info,procnet_collect=debug' -r
complete -c procnet -n "__fish_procnet_using_subcommand service" -l open -d 'Open the page in the browser'
complete -c procnet -n "__fish_procnet_using_subcommand service" -l tls-self-signed -d 'Serve by TLS only, with a certificate that procnet makes for itself'
complete -c procnet -n "__fish_procnet_using_subcommand service" -l p2p-only -d 'Show only connections between processes: no remote endpoints, no idle listeners'
complete -c procnet -n "__fish_procnet_using_subcommand service" -l udp -d 'Show UDP too, not only TCP'
complete -c procnet -n "__fish_procnet_using_subcommand service" -l unix -d 'Show UNIX domain sockets too, such as those of PostgreSQL, Docker and D-Bus'
complete -c procnet -n "__fish_procnet_using_subcommand service" -l show-secrets -d 'Show secrets in command lines to whoever may see the page'
complete -c procnet -n "__fish_procnet_using_subcommand service" -l no-builtin-rules -d 'Don\'t recognise well-known programs by the built-in rules'
complete -c procnet -n "__fish_procnet_using_subcommand service" -l no-dns -d 'Don\'t ask what remote addresses are called'
complete -c procnet -n "__fish_procnet_using_subcommand service" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c procnet -n "__fish_procnet_using_subcommand token" -l address -d 'Where the page is' -r
complete -c procnet -n "__fish_procnet_using_subcommand token" -l token-file -d 'The file with the token, if `procnet serve` was given one' -r -F
complete -c procnet -n "__fish_procnet_using_subcommand token" -l bare -d 'Print the token alone, for `Authorization: Bearer`'
complete -c procnet -n "__fish_procnet_using_subcommand token" -s h -l help -d 'Print help'
complete -c procnet -n "__fish_procnet_using_subcommand completions" -s h -l help -d 'Print help'
complete -c procnet -n "__fish_procnet_using_subcommand man" -s h -l help -d 'Print help'
complete -c procnet -n "__fish_procnet_using_subcommand licences" -s h -l help -d 'Print help'
complete -c procnet -n "__fish_procnet_using_subcommand options" -s h -l help -d 'Print help'

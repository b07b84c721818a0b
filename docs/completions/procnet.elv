
use builtin;
use str;

set edit:completion:arg-completer[procnet] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'procnet'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'procnet'= {
            cand --port 'The TCP port of the page; 0 for any free one'
            cand --bind 'The address to listen on'
            cand --allow-host 'A host name under which the page may be asked for, beside localhost (repeatable)'
            cand --allow-user 'A user of this machine who may open the page too (repeatable)'
            cand --token-file 'The file with the token, which lets in everybody who has it'
            cand --tls-cert 'The certificate for TLS (PEM, with those of its issuers), and serve by TLS only'
            cand --tls-key 'The certificate''s private key (PEM)'
            cand --behind-proxy 'The host name by which a proxy on this machine, which does TLS, asks for the page'
            cand --collector 'How to learn what happens'
            cand --interval 'Seconds between two looks at all sockets, 0.1 to 3600'
            cand --group-by 'How processes are grouped at first'
            cand --icons-dir 'A folder with icons of your own'
            cand --rules 'A YAML or JSON file that gives processes types and labels'
            cand --svc-ports 'More service ports, such as 9000,9090'
            cand --geoip 'An MMDB file with countries or networks (AS numbers) of addresses (repeatable)'
            cand --log 'What to tell on stderr: error, warn, info, debug, trace, or a filter such as info,procnet_collect=debug'
            cand --open 'Open the page in the browser'
            cand --tls-self-signed 'Serve by TLS only, with a certificate that procnet makes for itself'
            cand --p2p-only 'Show only connections between processes: no remote endpoints, no idle listeners'
            cand --udp 'Show UDP too, not only TCP'
            cand --unix 'Show UNIX domain sockets too, such as those of PostgreSQL, Docker and D-Bus'
            cand --show-secrets 'Show secrets in command lines to whoever may see the page'
            cand --no-builtin-rules 'Don''t recognise well-known programs by the built-in rules'
            cand --no-dns 'Don''t ask what remote addresses are called'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand serve 'Serve the live map as a web page (the default)'
            cand ls 'List sockets, their owners and directions in the terminal'
            cand export 'Write the map of this machine down as a file for other programs'
            cand demo 'Serve the map of a simulated machine'
            cand doctor 'Tell what can be seen on this machine, what cannot and how to change that'
            cand service 'Install, take away or be the Windows service that serves the map'
            cand token 'Print the address that opens the page for whoever has it'
            cand completions 'Print a completion script for a shell'
            cand man 'Print the man page'
            cand licences 'Print the licences of procnet and of every library inside it'
            cand options 'Print all options as Markdown'
        }
        &'procnet;serve'= {
            cand --port 'The TCP port of the page; 0 for any free one'
            cand --bind 'The address to listen on'
            cand --allow-host 'A host name under which the page may be asked for, beside localhost (repeatable)'
            cand --allow-user 'A user of this machine who may open the page too (repeatable)'
            cand --token-file 'The file with the token, which lets in everybody who has it'
            cand --tls-cert 'The certificate for TLS (PEM, with those of its issuers), and serve by TLS only'
            cand --tls-key 'The certificate''s private key (PEM)'
            cand --behind-proxy 'The host name by which a proxy on this machine, which does TLS, asks for the page'
            cand --collector 'How to learn what happens'
            cand --interval 'Seconds between two looks at all sockets, 0.1 to 3600'
            cand --group-by 'How processes are grouped at first'
            cand --icons-dir 'A folder with icons of your own'
            cand --rules 'A YAML or JSON file that gives processes types and labels'
            cand --svc-ports 'More service ports, such as 9000,9090'
            cand --geoip 'An MMDB file with countries or networks (AS numbers) of addresses (repeatable)'
            cand --log 'What to tell on stderr: error, warn, info, debug, trace, or a filter such as info,procnet_collect=debug'
            cand --open 'Open the page in the browser'
            cand --tls-self-signed 'Serve by TLS only, with a certificate that procnet makes for itself'
            cand --p2p-only 'Show only connections between processes: no remote endpoints, no idle listeners'
            cand --udp 'Show UDP too, not only TCP'
            cand --unix 'Show UNIX domain sockets too, such as those of PostgreSQL, Docker and D-Bus'
            cand --show-secrets 'Show secrets in command lines to whoever may see the page'
            cand --no-builtin-rules 'Don''t recognise well-known programs by the built-in rules'
            cand --no-dns 'Don''t ask what remote addresses are called'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'procnet;ls'= {
            cand --collector 'How to learn what happens'
            cand --interval 'Seconds between two looks at all sockets, 0.1 to 3600'
            cand --rules 'A YAML or JSON file that gives processes types and labels'
            cand --svc-ports 'More service ports, such as 9000,9090'
            cand --geoip 'An MMDB file with countries or networks (AS numbers) of addresses (repeatable)'
            cand --log 'What to tell on stderr: error, warn, info, debug, trace, or a filter such as info,procnet_collect=debug'
            cand --unix 'List UNIX domain sockets too: a path stands in the place of an address'
            cand --json 'Print JSON: one array of objects (with --watch: one object per line)'
            cand --csv 'Print comma-separated values with a header line'
            cand --watch 'Keep watching: first what is there, then what opens (+), changes (~) and closes (-)'
            cand --no-builtin-rules 'Don''t recognise well-known programs by the built-in rules'
            cand --no-dns 'Don''t ask what remote addresses are called'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'procnet;export'= {
            cand --format 'The format; without it what the name of the file says, else json'
            cand -o 'The file; without it stdout'
            cand --output 'The file; without it stdout'
            cand --group-by 'How processes are grouped'
            cand --collector 'How to learn what happens'
            cand --interval 'Seconds between two looks at all sockets, 0.1 to 3600'
            cand --rules 'A YAML or JSON file that gives processes types and labels'
            cand --svc-ports 'More service ports, such as 9000,9090'
            cand --geoip 'An MMDB file with countries or networks (AS numbers) of addresses (repeatable)'
            cand --log 'What to tell on stderr: error, warn, info, debug, trace, or a filter such as info,procnet_collect=debug'
            cand --p2p-only 'Only connections between processes: no remote endpoints, no idle listeners'
            cand --udp 'UDP too, not only TCP'
            cand --unix 'UNIX domain sockets too'
            cand --no-builtin-rules 'Don''t recognise well-known programs by the built-in rules'
            cand --no-dns 'Don''t ask what remote addresses are called'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'procnet;demo'= {
            cand --size 'How much goes on'
            cand --sockets 'About so many sockets, instead of a size'
            cand --seed 'The same number gives the same machine'
            cand --port 'The TCP port of the page; 0 for any free one'
            cand --bind 'The address to listen on'
            cand --allow-host 'A host name under which the page may be asked for, beside localhost (repeatable)'
            cand --allow-user 'A user of this machine who may open the page too (repeatable)'
            cand --token-file 'The file with the token, which lets in everybody who has it'
            cand --tls-cert 'The certificate for TLS (PEM, with those of its issuers), and serve by TLS only'
            cand --tls-key 'The certificate''s private key (PEM)'
            cand --behind-proxy 'The host name by which a proxy on this machine, which does TLS, asks for the page'
            cand --collector 'How to learn what happens'
            cand --interval 'Seconds between two looks at all sockets, 0.1 to 3600'
            cand --group-by 'How processes are grouped at first'
            cand --icons-dir 'A folder with icons of your own'
            cand --rules 'A YAML or JSON file that gives processes types and labels'
            cand --svc-ports 'More service ports, such as 9000,9090'
            cand --geoip 'An MMDB file with countries or networks (AS numbers) of addresses (repeatable)'
            cand --log 'What to tell on stderr: error, warn, info, debug, trace, or a filter such as info,procnet_collect=debug'
            cand --open 'Open the page in the browser'
            cand --tls-self-signed 'Serve by TLS only, with a certificate that procnet makes for itself'
            cand --p2p-only 'Show only connections between processes: no remote endpoints, no idle listeners'
            cand --udp 'Show UDP too, not only TCP'
            cand --unix 'Show UNIX domain sockets too, such as those of PostgreSQL, Docker and D-Bus'
            cand --show-secrets 'Show secrets in command lines to whoever may see the page'
            cand --no-builtin-rules 'Don''t recognise well-known programs by the built-in rules'
            cand --no-dns 'Don''t ask what remote addresses are called'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'procnet;doctor'= {
            cand --collector 'How to learn what happens'
            cand --json 'Print one JSON object'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'procnet;service'= {
            cand --port 'The TCP port of the page; 0 for any free one'
            cand --bind 'The address to listen on'
            cand --allow-host 'A host name under which the page may be asked for, beside localhost (repeatable)'
            cand --allow-user 'A user of this machine who may open the page too (repeatable)'
            cand --token-file 'The file with the token, which lets in everybody who has it'
            cand --tls-cert 'The certificate for TLS (PEM, with those of its issuers), and serve by TLS only'
            cand --tls-key 'The certificate''s private key (PEM)'
            cand --behind-proxy 'The host name by which a proxy on this machine, which does TLS, asks for the page'
            cand --collector 'How to learn what happens'
            cand --interval 'Seconds between two looks at all sockets, 0.1 to 3600'
            cand --group-by 'How processes are grouped at first'
            cand --icons-dir 'A folder with icons of your own'
            cand --rules 'A YAML or JSON file that gives processes types and labels'
            cand --svc-ports 'More service ports, such as 9000,9090'
            cand --geoip 'An MMDB file with countries or networks (AS numbers) of addresses (repeatable)'
            cand --log 'What to tell on stderr: error, warn, info, debug, trace, or a filter such as info,procnet_collect=debug'
            cand --open 'Open the page in the browser'
            cand --tls-self-signed 'Serve by TLS only, with a certificate that procnet makes for itself'
            cand --p2p-only 'Show only connections between processes: no remote endpoints, no idle listeners'
            cand --udp 'Show UDP too, not only TCP'
            cand --unix 'Show UNIX domain sockets too, such as those of PostgreSQL, Docker and D-Bus'
            cand --show-secrets 'Show secrets in command lines to whoever may see the page'
            cand --no-builtin-rules 'Don''t recognise well-known programs by the built-in rules'
            cand --no-dns 'Don''t ask what remote addresses are called'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'procnet;token'= {
            cand --address 'Where the page is'
            cand --token-file 'The file with the token, if `procnet serve` was given one'
            cand --bare 'Print the token alone, for `Authorization: Bearer`'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'procnet;completions'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'procnet;man'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'procnet;licences'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'procnet;options'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
    ]
    $completions[$command]
}


using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'procnet' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'procnet'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'procnet' {
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'The TCP port of the page; 0 for any free one')
            [CompletionResult]::new('--bind', '--bind', [CompletionResultType]::ParameterName, 'The address to listen on')
            [CompletionResult]::new('--allow-host', '--allow-host', [CompletionResultType]::ParameterName, 'A host name under which the page may be asked for, beside localhost (repeatable)')
            [CompletionResult]::new('--allow-user', '--allow-user', [CompletionResultType]::ParameterName, 'A user of this machine who may open the page too (repeatable)')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'The file with the token, which lets in everybody who has it')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate for TLS (PEM, with those of its issuers), and serve by TLS only')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'The certificate''s private key (PEM)')
            [CompletionResult]::new('--behind-proxy', '--behind-proxy', [CompletionResultType]::ParameterName, 'The host name by which a proxy on this machine, which does TLS, asks for the page')
            [CompletionResult]::new('--collector', '--collector', [CompletionResultType]::ParameterName, 'How to learn what happens')
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'Seconds between two looks at all sockets, 0.1 to 3600')
            [CompletionResult]::new('--group-by', '--group-by', [CompletionResultType]::ParameterName, 'How processes are grouped at first')
            [CompletionResult]::new('--icons-dir', '--icons-dir', [CompletionResultType]::ParameterName, 'A folder with icons of your own')
            [CompletionResult]::new('--rules', '--rules', [CompletionResultType]::ParameterName, 'A YAML or JSON file that gives processes types and labels')
            [CompletionResult]::new('--svc-ports', '--svc-ports', [CompletionResultType]::ParameterName, 'More service ports, such as 9000,9090')
            [CompletionResult]::new('--geoip', '--geoip', [CompletionResultType]::ParameterName, 'An MMDB file with countries or networks (AS numbers) of addresses (repeatable)')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'What to tell on stderr: error, warn, info, debug, trace, or a filter such as info,procnet_collect=debug')
            [CompletionResult]::new('--open', '--open', [CompletionResultType]::ParameterName, 'Open the page in the browser')
            [CompletionResult]::new('--tls-self-signed', '--tls-self-signed', [CompletionResultType]::ParameterName, 'Serve by TLS only, with a certificate that procnet makes for itself')
            [CompletionResult]::new('--p2p-only', '--p2p-only', [CompletionResultType]::ParameterName, 'Show only connections between processes: no remote endpoints, no idle listeners')
            [CompletionResult]::new('--udp', '--udp', [CompletionResultType]::ParameterName, 'Show UDP too, not only TCP')
            [CompletionResult]::new('--unix', '--unix', [CompletionResultType]::ParameterName, 'Show UNIX domain sockets too, such as those of PostgreSQL, Docker and D-Bus')
            [CompletionResult]::new('--show-secrets', '--show-secrets', [CompletionResultType]::ParameterName, 'Show secrets in command lines to whoever may see the page')
            [CompletionResult]::new('--no-builtin-rules', '--no-builtin-rules', [CompletionResultType]::ParameterName, 'Don''t recognise well-known programs by the built-in rules')
            [CompletionResult]::new('--no-dns', '--no-dns', [CompletionResultType]::ParameterName, 'Don''t ask what remote addresses are called')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Serve the live map as a web page (the default)')
            [CompletionResult]::new('ls', 'ls', [CompletionResultType]::ParameterValue, 'List sockets, their owners and directions in the terminal')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write the map of this machine down as a file for other programs')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'Serve the map of a simulated machine')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Tell what can be seen on this machine, what cannot and how to change that')
            [CompletionResult]::new('service', 'service', [CompletionResultType]::ParameterValue, 'Install, take away or be the Windows service that serves the map')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Print the address that opens the page for whoever has it')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the man page')
            [CompletionResult]::new('licences', 'licences', [CompletionResultType]::ParameterValue, 'Print the licences of procnet and of every library inside it')
            [CompletionResult]::new('options', 'options', [CompletionResultType]::ParameterValue, 'Print all options as Markdown')
            break
        }
        'procnet;serve' {
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'The TCP port of the page; 0 for any free one')
            [CompletionResult]::new('--bind', '--bind', [CompletionResultType]::ParameterName, 'The address to listen on')
            [CompletionResult]::new('--allow-host', '--allow-host', [CompletionResultType]::ParameterName, 'A host name under which the page may be asked for, beside localhost (repeatable)')
            [CompletionResult]::new('--allow-user', '--allow-user', [CompletionResultType]::ParameterName, 'A user of this machine who may open the page too (repeatable)')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'The file with the token, which lets in everybody who has it')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate for TLS (PEM, with those of its issuers), and serve by TLS only')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'The certificate''s private key (PEM)')
            [CompletionResult]::new('--behind-proxy', '--behind-proxy', [CompletionResultType]::ParameterName, 'The host name by which a proxy on this machine, which does TLS, asks for the page')
            [CompletionResult]::new('--collector', '--collector', [CompletionResultType]::ParameterName, 'How to learn what happens')
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'Seconds between two looks at all sockets, 0.1 to 3600')
            [CompletionResult]::new('--group-by', '--group-by', [CompletionResultType]::ParameterName, 'How processes are grouped at first')
            [CompletionResult]::new('--icons-dir', '--icons-dir', [CompletionResultType]::ParameterName, 'A folder with icons of your own')
            [CompletionResult]::new('--rules', '--rules', [CompletionResultType]::ParameterName, 'A YAML or JSON file that gives processes types and labels')
            [CompletionResult]::new('--svc-ports', '--svc-ports', [CompletionResultType]::ParameterName, 'More service ports, such as 9000,9090')
            [CompletionResult]::new('--geoip', '--geoip', [CompletionResultType]::ParameterName, 'An MMDB file with countries or networks (AS numbers) of addresses (repeatable)')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'What to tell on stderr: error, warn, info, debug, trace, or a filter such as info,procnet_collect=debug')
            [CompletionResult]::new('--open', '--open', [CompletionResultType]::ParameterName, 'Open the page in the browser')
            [CompletionResult]::new('--tls-self-signed', '--tls-self-signed', [CompletionResultType]::ParameterName, 'Serve by TLS only, with a certificate that procnet makes for itself')
            [CompletionResult]::new('--p2p-only', '--p2p-only', [CompletionResultType]::ParameterName, 'Show only connections between processes: no remote endpoints, no idle listeners')
            [CompletionResult]::new('--udp', '--udp', [CompletionResultType]::ParameterName, 'Show UDP too, not only TCP')
            [CompletionResult]::new('--unix', '--unix', [CompletionResultType]::ParameterName, 'Show UNIX domain sockets too, such as those of PostgreSQL, Docker and D-Bus')
            [CompletionResult]::new('--show-secrets', '--show-secrets', [CompletionResultType]::ParameterName, 'Show secrets in command lines to whoever may see the page')
            [CompletionResult]::new('--no-builtin-rules', '--no-builtin-rules', [CompletionResultType]::ParameterName, 'Don''t recognise well-known programs by the built-in rules')
            [CompletionResult]::new('--no-dns', '--no-dns', [CompletionResultType]::ParameterName, 'Don''t ask what remote addresses are called')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'procnet;ls' {
            [CompletionResult]::new('--collector', '--collector', [CompletionResultType]::ParameterName, 'How to learn what happens')
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'Seconds between two looks at all sockets, 0.1 to 3600')
            [CompletionResult]::new('--rules', '--rules', [CompletionResultType]::ParameterName, 'A YAML or JSON file that gives processes types and labels')
            [CompletionResult]::new('--svc-ports', '--svc-ports', [CompletionResultType]::ParameterName, 'More service ports, such as 9000,9090')
            [CompletionResult]::new('--geoip', '--geoip', [CompletionResultType]::ParameterName, 'An MMDB file with countries or networks (AS numbers) of addresses (repeatable)')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'What to tell on stderr: error, warn, info, debug, trace, or a filter such as info,procnet_collect=debug')
            [CompletionResult]::new('--unix', '--unix', [CompletionResultType]::ParameterName, 'List UNIX domain sockets too: a path stands in the place of an address')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one array of objects (with --watch: one object per line)')
            [CompletionResult]::new('--csv', '--csv', [CompletionResultType]::ParameterName, 'Print comma-separated values with a header line')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Keep watching: first what is there, then what opens (+), changes (~) and closes (-)')
            [CompletionResult]::new('--no-builtin-rules', '--no-builtin-rules', [CompletionResultType]::ParameterName, 'Don''t recognise well-known programs by the built-in rules')
            [CompletionResult]::new('--no-dns', '--no-dns', [CompletionResultType]::ParameterName, 'Don''t ask what remote addresses are called')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'procnet;export' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The format; without it what the name of the file says, else json')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The file; without it stdout')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The file; without it stdout')
            [CompletionResult]::new('--group-by', '--group-by', [CompletionResultType]::ParameterName, 'How processes are grouped')
            [CompletionResult]::new('--collector', '--collector', [CompletionResultType]::ParameterName, 'How to learn what happens')
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'Seconds between two looks at all sockets, 0.1 to 3600')
            [CompletionResult]::new('--rules', '--rules', [CompletionResultType]::ParameterName, 'A YAML or JSON file that gives processes types and labels')
            [CompletionResult]::new('--svc-ports', '--svc-ports', [CompletionResultType]::ParameterName, 'More service ports, such as 9000,9090')
            [CompletionResult]::new('--geoip', '--geoip', [CompletionResultType]::ParameterName, 'An MMDB file with countries or networks (AS numbers) of addresses (repeatable)')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'What to tell on stderr: error, warn, info, debug, trace, or a filter such as info,procnet_collect=debug')
            [CompletionResult]::new('--p2p-only', '--p2p-only', [CompletionResultType]::ParameterName, 'Only connections between processes: no remote endpoints, no idle listeners')
            [CompletionResult]::new('--udp', '--udp', [CompletionResultType]::ParameterName, 'UDP too, not only TCP')
            [CompletionResult]::new('--unix', '--unix', [CompletionResultType]::ParameterName, 'UNIX domain sockets too')
            [CompletionResult]::new('--no-builtin-rules', '--no-builtin-rules', [CompletionResultType]::ParameterName, 'Don''t recognise well-known programs by the built-in rules')
            [CompletionResult]::new('--no-dns', '--no-dns', [CompletionResultType]::ParameterName, 'Don''t ask what remote addresses are called')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'procnet;demo' {
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'How much goes on')
            [CompletionResult]::new('--sockets', '--sockets', [CompletionResultType]::ParameterName, 'About so many sockets, instead of a size')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'The same number gives the same machine')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'The TCP port of the page; 0 for any free one')
            [CompletionResult]::new('--bind', '--bind', [CompletionResultType]::ParameterName, 'The address to listen on')
            [CompletionResult]::new('--allow-host', '--allow-host', [CompletionResultType]::ParameterName, 'A host name under which the page may be asked for, beside localhost (repeatable)')
            [CompletionResult]::new('--allow-user', '--allow-user', [CompletionResultType]::ParameterName, 'A user of this machine who may open the page too (repeatable)')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'The file with the token, which lets in everybody who has it')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate for TLS (PEM, with those of its issuers), and serve by TLS only')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'The certificate''s private key (PEM)')
            [CompletionResult]::new('--behind-proxy', '--behind-proxy', [CompletionResultType]::ParameterName, 'The host name by which a proxy on this machine, which does TLS, asks for the page')
            [CompletionResult]::new('--collector', '--collector', [CompletionResultType]::ParameterName, 'How to learn what happens')
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'Seconds between two looks at all sockets, 0.1 to 3600')
            [CompletionResult]::new('--group-by', '--group-by', [CompletionResultType]::ParameterName, 'How processes are grouped at first')
            [CompletionResult]::new('--icons-dir', '--icons-dir', [CompletionResultType]::ParameterName, 'A folder with icons of your own')
            [CompletionResult]::new('--rules', '--rules', [CompletionResultType]::ParameterName, 'A YAML or JSON file that gives processes types and labels')
            [CompletionResult]::new('--svc-ports', '--svc-ports', [CompletionResultType]::ParameterName, 'More service ports, such as 9000,9090')
            [CompletionResult]::new('--geoip', '--geoip', [CompletionResultType]::ParameterName, 'An MMDB file with countries or networks (AS numbers) of addresses (repeatable)')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'What to tell on stderr: error, warn, info, debug, trace, or a filter such as info,procnet_collect=debug')
            [CompletionResult]::new('--open', '--open', [CompletionResultType]::ParameterName, 'Open the page in the browser')
            [CompletionResult]::new('--tls-self-signed', '--tls-self-signed', [CompletionResultType]::ParameterName, 'Serve by TLS only, with a certificate that procnet makes for itself')
            [CompletionResult]::new('--p2p-only', '--p2p-only', [CompletionResultType]::ParameterName, 'Show only connections between processes: no remote endpoints, no idle listeners')
            [CompletionResult]::new('--udp', '--udp', [CompletionResultType]::ParameterName, 'Show UDP too, not only TCP')
            [CompletionResult]::new('--unix', '--unix', [CompletionResultType]::ParameterName, 'Show UNIX domain sockets too, such as those of PostgreSQL, Docker and D-Bus')
            [CompletionResult]::new('--show-secrets', '--show-secrets', [CompletionResultType]::ParameterName, 'Show secrets in command lines to whoever may see the page')
            [CompletionResult]::new('--no-builtin-rules', '--no-builtin-rules', [CompletionResultType]::ParameterName, 'Don''t recognise well-known programs by the built-in rules')
            [CompletionResult]::new('--no-dns', '--no-dns', [CompletionResultType]::ParameterName, 'Don''t ask what remote addresses are called')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'procnet;doctor' {
            [CompletionResult]::new('--collector', '--collector', [CompletionResultType]::ParameterName, 'How to learn what happens')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'procnet;service' {
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'The TCP port of the page; 0 for any free one')
            [CompletionResult]::new('--bind', '--bind', [CompletionResultType]::ParameterName, 'The address to listen on')
            [CompletionResult]::new('--allow-host', '--allow-host', [CompletionResultType]::ParameterName, 'A host name under which the page may be asked for, beside localhost (repeatable)')
            [CompletionResult]::new('--allow-user', '--allow-user', [CompletionResultType]::ParameterName, 'A user of this machine who may open the page too (repeatable)')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'The file with the token, which lets in everybody who has it')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate for TLS (PEM, with those of its issuers), and serve by TLS only')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'The certificate''s private key (PEM)')
            [CompletionResult]::new('--behind-proxy', '--behind-proxy', [CompletionResultType]::ParameterName, 'The host name by which a proxy on this machine, which does TLS, asks for the page')
            [CompletionResult]::new('--collector', '--collector', [CompletionResultType]::ParameterName, 'How to learn what happens')
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'Seconds between two looks at all sockets, 0.1 to 3600')
            [CompletionResult]::new('--group-by', '--group-by', [CompletionResultType]::ParameterName, 'How processes are grouped at first')
            [CompletionResult]::new('--icons-dir', '--icons-dir', [CompletionResultType]::ParameterName, 'A folder with icons of your own')
            [CompletionResult]::new('--rules', '--rules', [CompletionResultType]::ParameterName, 'A YAML or JSON file that gives processes types and labels')
            [CompletionResult]::new('--svc-ports', '--svc-ports', [CompletionResultType]::ParameterName, 'More service ports, such as 9000,9090')
            [CompletionResult]::new('--geoip', '--geoip', [CompletionResultType]::ParameterName, 'An MMDB file with countries or networks (AS numbers) of addresses (repeatable)')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'What to tell on stderr: error, warn, info, debug, trace, or a filter such as info,procnet_collect=debug')
            [CompletionResult]::new('--open', '--open', [CompletionResultType]::ParameterName, 'Open the page in the browser')
            [CompletionResult]::new('--tls-self-signed', '--tls-self-signed', [CompletionResultType]::ParameterName, 'Serve by TLS only, with a certificate that procnet makes for itself')
            [CompletionResult]::new('--p2p-only', '--p2p-only', [CompletionResultType]::ParameterName, 'Show only connections between processes: no remote endpoints, no idle listeners')
            [CompletionResult]::new('--udp', '--udp', [CompletionResultType]::ParameterName, 'Show UDP too, not only TCP')
            [CompletionResult]::new('--unix', '--unix', [CompletionResultType]::ParameterName, 'Show UNIX domain sockets too, such as those of PostgreSQL, Docker and D-Bus')
            [CompletionResult]::new('--show-secrets', '--show-secrets', [CompletionResultType]::ParameterName, 'Show secrets in command lines to whoever may see the page')
            [CompletionResult]::new('--no-builtin-rules', '--no-builtin-rules', [CompletionResultType]::ParameterName, 'Don''t recognise well-known programs by the built-in rules')
            [CompletionResult]::new('--no-dns', '--no-dns', [CompletionResultType]::ParameterName, 'Don''t ask what remote addresses are called')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'procnet;token' {
            [CompletionResult]::new('--address', '--address', [CompletionResultType]::ParameterName, 'Where the page is')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'The file with the token, if `procnet serve` was given one')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Print the token alone, for `Authorization: Bearer`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'procnet;completions' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'procnet;man' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'procnet;licences' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'procnet;options' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}

//! Which keywords there are, and what not to know them would mean.

/// What becomes of a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is understood.
    Known,
    /// It changes nothing of where or how one connects.
    Harmless,
    /// It would, and is not understood, unless it has one of these values.
    Refused(&'static [&'static str]),
    /// Nobody knows it.
    Unknown,
}

const KNOWN: [&str; 21] = [
    "addressfamily",
    "certificatefile",
    "connecttimeout",
    "globalknownhostsfile",
    "host",
    "hostkeyalias",
    "hostname",
    "identitiesonly",
    "identityagent",
    "identityfile",
    "ignoreunknown",
    "include",
    "match",
    "port",
    "proxyjump",
    "pubkeyauthentication",
    "serveralivecountmax",
    "serveraliveinterval",
    "stricthostkeychecking",
    "user",
    "userknownhostsfile",
];

/// Each with the values that mean the same as not to have it.
const REFUSED: [(&str, &[&str]); 10] = [
    ("bindaddress", &[]),
    ("bindinterface", &[]),
    ("canonicalizehostname", &["no", "none"]),
    ("knownhostscommand", &["none"]),
    ("pkcs11provider", &["none"]),
    ("proxycommand", &["none"]),
    ("proxyusefdpass", &["no"]),
    ("refuseconnection", &[]),
    ("securitykeyprovider", &["internal", "none"]),
    ("smartcarddevice", &["none"]),
];

const HARMLESS: &str = "addkeystoagent afstokenpassing batchmode canonicaldomains canonicalizefallbacklocal \
    canonicalizemaxdots canonicalizepermittedcnames casignaturealgorithms challengeresponseauthentication \
    channeltimeout checkhostip cipher ciphers clearallforwardings compression compressionlevel \
    connectionattempts controlmaster controlpath controlpersist dsaauthentication dynamicforward \
    enableescapecommandline enablesshkeysign escapechar exitonforwardfailure fallbacktorsh fingerprinthash \
    forkafterauthentication forwardagent forwardx11 forwardx11timeout forwardx11trusted gatewayports \
    globalknownhostsfile2 gssapiauthentication gssapiclientidentity gssapidelegatecredentials \
    gssapikexalgorithms gssapikeyexchange gssapirenewalforcesrekey gssapiserveridentity gssapitrustdns \
    hashknownhosts hostbasedacceptedalgorithms hostbasedauthentication hostbasedkeytypes hostkeyalgorithms \
    ipqos kbdinteractiveauthentication kbdinteractivedevices keepalive kexalgorithms localcommand \
    localforward loglevel logverbose macs nohostauthenticationforlocalhost numberofpasswordprompts \
    obscurekeystroketiming passwordauthentication permitlocalcommand permitremoteopen \
    preferredauthentications protocol pubkeyacceptedalgorithms pubkeyacceptedkeytypes rekeylimit \
    remotecommand remoteforward requesttty requiredrsasize revokedhostkeys rhostsauthentication \
    rhostsrsaauthentication rsaauthentication sendenv sessiontype setenv skeyauthentication stdinnull \
    streamlocalbindmask streamlocalbindunlink syslogfacility tag tcpkeepalive tisauthentication tunnel \
    tunneldevice updatehostkeys usekeychain useprivilegedport useroaming usersh verifyhostkeydns versionaddendum \
    visualhostkey warnweakcrypto xauthlocation";

/// Judges a keyword in lower case.
pub(super) fn kind(keyword: &str) -> Kind {
    if KNOWN.contains(&keyword) {
        return Kind::Known;
    }
    if let Some((_, fine)) = REFUSED.iter().find(|(name, _)| *name == keyword) {
        return Kind::Refused(fine);
    }
    if HARMLESS.split_ascii_whitespace().any(|name| name == keyword) {
        Kind::Harmless
    } else {
        Kind::Unknown
    }
}

//! Postfix as a plain relay in front of the sink: Debian's defaults, no filter, no check of anything.

use std::{fs, net::SocketAddr, path::Path};

pub(crate) use crate::support::postfix::Postfix;

/// Starts it, or says why it cannot be had.
pub(crate) fn start(sink: SocketAddr) -> Result<Postfix, &'static str> {
    if !rustix::process::geteuid().is_root() {
        return Err("it can be started by root only");
    }
    if !Path::new("/usr/sbin/postfix").exists() {
        return Err("it is not installed");
    }
    Ok(Postfix::start(&format!(
        "mynetworks = 127.0.0.0/8\nsmtp_dns_support_level = disabled\nmessage_size_limit = 52428800\n\
         relayhost = [127.0.0.1]:{}\n",
        sink.port()
    )))
}

/// The process id of its master.
pub(crate) fn master(postfix: &Postfix) -> u32 {
    fs::read_to_string(postfix.home.path().join("queue/pid/master.pid")).unwrap().trim().parse().unwrap()
}

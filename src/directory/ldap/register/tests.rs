//! Directories that lie, and some that do not.

use super::*;
use crate::directory::Role;
use crate::directory::ldap::entry::tests::{entry, with_bytes};

const SALES: &str = "CN=営業,OU=Groups,DC=a,DC=jp";

fn settings() -> Settings {
    let mut settings = Settings::new(vec![], "dc=a,dc=jp".to_owned());
    settings.roles.insert(Role::Security, vec!["CN=Security,DC=a,DC=jp".to_owned()]);
    settings
}

fn read(persons: &[Entry], groups: &[Entry]) -> (People, Oddities) {
    let settings = settings();
    let mut register = Register::new(&settings);
    persons.iter().for_each(|entry| register.person(entry));
    groups.iter().for_each(|entry| register.group(entry));
    register.finish()
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn person(name: &str, more: &[(&str, &str)]) -> Entry {
    let mail = format!("{name}@a.jp");
    let attributes: Vec<_> = [("mail", mail.as_str())].into_iter().chain(more.iter().copied()).collect();
    entry(&format!("cn={name},dc=a,dc=jp"), &attributes)
}

#[test]
fn active_directory_is_understood() {
    let taro = entry(
        "CN=山田 太郎,OU=営業部,DC=a,DC=jp",
        &[
            ("mail", "Taro@a.jp"),
            ("proxyAddresses", "SMTP:Taro@a.jp"),
            ("proxyAddresses", "smtp:yamada@a.jp"),
            ("proxyAddresses", "X500:/o=a/cn=taro"),
            ("displayName", "山田 太郎"),
            ("preferredLanguage", "en-US, ja;q=0.5"),
            ("manager", "CN=佐藤\\, 花子,OU=営業部,DC=a,DC=jp"),
            ("memberOf", SALES),
            ("userAccountControl", "512"),
        ],
    );
    let hanako = entry("cn=佐藤\\2c 花子,ou=営業部,dc=a,dc=jp", &[("mail", "hanako@a.jp"), ("cn", "佐藤, 花子")]);
    let gone = person("gone", &[("userAccountControl", "514")]);
    let (people, oddities) = read(&[taro, hanako, gone], &[]);
    assert_eq!(
        oddities,
        Oddities { disabled: 1, roles_without_group: oddities.roles_without_group.clone(), ..Oddities::default() }
    );
    let taro = people.person(&address("yamada@a.jp")).unwrap();
    assert_eq!((taro.name.as_deref(), taro.language, taro.aliases.len()), (Some("山田 太郎"), Some(Language::En), 1));
    assert_eq!(people.manager_of(&taro.address), Some(&address("hanako@a.jp")));
    assert_eq!(people.group("営業"), [address("Taro@a.jp")]);
    assert!(people.person(&address("gone@a.jp")).is_none());
}

#[test]
fn openldap_is_understood() {
    let taro = person(
        "taro",
        &[("cn", "Taro Yamada"), ("cn;lang-ja", "山田太郎"), ("uid", "TYamada"), ("preferredLanguage", "ja")],
    );
    let groups = [
        entry("cn=Security,dc=a,dc=jp", &[("cn", "security"), ("member", "cn=inner,dc=a,dc=jp")]),
        entry(
            "cn=inner,dc=a,dc=jp",
            &[("cn", "inner"), ("uniqueMember", "cn=taro, dc=a, dc=jp"), ("member", "cn=Security,dc=a,dc=jp")],
        ),
        entry("cn=posix,dc=a,dc=jp", &[("cn", "posix"), ("memberUid", "tyamada"), ("memberUid", "nobody")]),
    ];
    let (people, oddities) = read(&[taro], &groups);
    assert_eq!(oddities, Oddities::default());
    assert_eq!(people.person(&address("taro@a.jp")).unwrap().name.as_deref(), Some("山田太郎"));
    for group in ["security", "inner", "posix"] {
        assert_eq!(people.group(group), [address("taro@a.jp")], "{group}");
    }
    assert!(people.has_role(&address("taro@a.jp"), Role::Security), "by a group within the group");
}

#[test]
fn a_role_comes_from_the_dn_and_not_from_a_name_that_looks_like_it() {
    let taro = person("taro", &[("memberOf", "CN=Security,OU=Anybody,DC=a,DC=jp")]);
    let hanako = person("hanako", &[("memberOf", "cn=security, dc=A, dc=jp")]);
    let (people, _) = read(&[taro, hanako], &[]);
    assert_eq!(people.with_role(Role::Security).collect::<Vec<_>>(), [&address("hanako@a.jp")]);
}

#[test]
fn a_role_whose_group_is_gone_is_told() {
    let (people, oddities) = read(&[person("taro", &[])], &[]);
    assert_eq!(people.with_role(Role::Security).count(), 0);
    assert_eq!(oddities.roles_without_group, ["CN=Security,DC=a,DC=jp"]);
    assert!(oddities.lines()[0].contains("CN=Security,DC=a,DC=jp"));
}

#[test]
fn a_circle_of_managers_is_counted_and_each_still_has_one() {
    let manager = |name: &str| format!("cn={name},dc=a,dc=jp");
    let told = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("e", "e")];
    let persons: Vec<_> = told.iter().map(|(who, boss)| person(who, &[("manager", &manager(boss))])).collect();
    let (people, oddities) = read(&persons, &[]);
    assert_eq!((oddities.in_circles, oddities.managers_unknown), (3, 0));
    assert_eq!(people.manager_of(&address("a@a.jp")), Some(&address("b@a.jp")));
    assert_eq!(people.manager_of(&address("d@a.jp")), Some(&address("a@a.jp")));
    assert_eq!(people.manager_of(&address("e@a.jp")), None);
}

#[test]
fn managers_without_mail_outside_or_gone_are_nobody_unless_they_are_found() {
    let taro = person("taro", &[("manager", "cn=outside,dc=b,dc=jp")]);
    let jiro = person("jiro", &[("manager", "CN=mailless,DC=a,DC=jp")]);
    let saburo = person("saburo", &[("manager", "boss@a.jp")]);
    let shiro = person("shiro", &[("manager", "no name at all")]);
    let mailless = entry("cn=mailless,dc=a,dc=jp", &[("cn", "x")]);
    let settings = settings();
    let mut register = Register::new(&settings);
    [taro, jiro, saburo, shiro, mailless.clone()].iter().for_each(|entry| register.person(entry));
    assert_eq!(register.unknown_managers(), ["CN=mailless,DC=a,DC=jp", "cn=outside,dc=b,dc=jp"]);
    register.manager("CN=mailless,DC=a,DC=jp", &mailless);
    register.manager("cn=outside,dc=b,dc=jp", &entry("cn=Outside,dc=b,dc=jp", &[("mail", "outside@b.jp")]));
    let (people, oddities) = register.finish();
    assert_eq!(people.manager_of(&address("taro@a.jp")), Some(&address("outside@b.jp")));
    assert_eq!(people.manager_of(&address("jiro@a.jp")), None);
    assert_eq!(people.manager_of(&address("saburo@a.jp")), Some(&address("boss@a.jp")), "an address for a DN");
    assert_eq!(people.manager_of(&address("shiro@a.jp")), None);
    assert_eq!((oddities.managers_unknown, oddities.without_mail, people.len()), (2, 1, 4));
}

#[test]
fn a_manager_whose_account_is_switched_off_is_nobody() {
    let taro = person("taro", &[("manager", "cn=gone,dc=a,dc=jp")]);
    let gone = person("gone", &[("nsAccountLock", "TRUE")]);
    let settings = settings();
    let mut register = Register::new(&settings);
    register.person(&taro);
    register.person(&gone);
    register.manager("cn=gone,dc=a,dc=jp", &gone);
    let (people, oddities) = register.finish();
    assert_eq!(people.manager_of(&address("taro@a.jp")), None);
    assert_eq!((oddities.disabled, oddities.managers_unknown), (1, 1));
}

#[test]
fn two_entries_with_one_address_are_one_person_in_any_order() {
    let user = entry("cn=taro,dc=a,dc=jp", &[("mail", "taro@a.jp"), ("cn", "Taro")]);
    let admin = entry(
        "cn=taro-adm,dc=a,dc=jp",
        &[
            ("mail", "TARO@a.jp"),
            ("cn", "Taro (admin)"),
            ("memberOf", "CN=Security,DC=a,DC=jp"),
            ("proxyAddresses", "smtp:adm@a.jp"),
        ],
    );
    for entries in [[user.clone(), admin.clone()], [admin, user]] {
        let (people, oddities) = read(&entries, &[]);
        assert_eq!((people.len(), oddities.doubles), (1, 1));
        let taro = people.person(&address("adm@a.jp")).unwrap();
        assert_eq!((taro.name.as_deref(), taro.address.as_str()), (Some("Taro"), "taro@a.jp"));
        assert!(taro.roles.contains(&Role::Security));
    }
}

#[test]
fn binary_junk_is_left_out_and_counted() {
    let taro = with_bytes(person("taro", &[("cn", "Taro")]), "displayName", b"\xff\xfe\x00");
    let taro = with_bytes(taro, "manager", &[0x80; 5_000]);
    let jiro = with_bytes(entry("cn=jiro", &[("mail", "not an address")]), "mail", b"\0\0");
    let (people, oddities) = read(&[taro, jiro], &[]);
    assert_eq!((people.len(), oddities.junk, oddities.without_mail), (1, 2, 1));
    assert_eq!(people.person(&address("taro@a.jp")).unwrap().name.as_deref(), Some("Taro"));
}

#[test]
fn groups_of_one_name_and_huge_groups_are_left_out_but_give_their_roles() {
    let persons: Vec<_> = (0..=LARGEST_GROUP).map(|n| person(&format!("p{n}"), &[])).collect();
    let dns: Vec<_> = persons.iter().map(|entry| ("member", entry.dn.as_str())).collect();
    let huge: Vec<_> = [("cn", "Security")].into_iter().chain(dns.iter().copied()).collect();
    let groups = [
        entry("cn=Security,dc=a,dc=jp", &huge),
        entry("cn=x,ou=1,dc=a,dc=jp", &[("cn", "x"), dns[0]]),
        entry("cn=x,ou=2,dc=a,dc=jp", &[("cn", "X"), dns[1]]),
    ];
    let (people, oddities) = read(&persons, &groups);
    assert_eq!((people.group("security").len(), people.with_role(Role::Security).count()), (0, LARGEST_GROUP + 1));
    assert_eq!((people.group("x"), oddities.groups_left_out), (&[address("p0@a.jp")][..], 2));
}

#[test]
fn a_hundred_thousand_entries_are_put_together() {
    let settings = settings();
    let mut register = Register::new(&settings);
    for n in 0..100_000_u32 {
        let (boss, group) = (format!("cn=p{},dc=a,dc=jp", n / 8), format!("cn=g{},dc=a,dc=jp", n / 50));
        register.person(&person(&format!("p{n}"), &[("manager", &boss), ("memberOf", &group), ("cn", "名前")]));
    }
    assert_eq!(register.unknown_managers(), Vec::<String>::new());
    let (people, oddities) = register.finish();
    assert_eq!((people.len(), people.groups().count()), (100_000, 2_000));
    assert_eq!(oddities, Oddities { roles_without_group: oddities.roles_without_group.clone(), ..Oddities::default() });
    assert_eq!(people.manager_of(&address("p99999@a.jp")), Some(&address("p12499@a.jp")));
    assert_eq!(people.group("g7").len(), 50);
}

//! A synthetic organisation that writes mail: sixty people, two hundred companies, projects, threads, salutations.
//!
//! In: how many mails. Out: the mails in the order of their time, always the same. Nobody in it exists; surnames are drawn
//! as often as they are, so that namesakes are as common as in life. People write to their projects, to some of the
//! people of a project more than to others, sometimes to somebody new; three in four mails greet somebody, by
//! name, by the company's line too, or by the given name, and one in five hundred by a name that nothing else knows.
//! How many people a mail goes to, how often it answers, whom an answer goes to and whom it takes in was counted in who
//! wrote to whom at Enron ([`enron`](super::enron)); the numbers stand beside each draw.

use sekisho::recipients::{Day, Organization};

/// The organisation whose figures are published.
pub(super) const SEED: u64 = 20_261_129;

/// One mail.
#[derive(Debug, Clone, Default)]
pub(super) struct Mail {
    pub(super) day: Day,
    pub(super) from: String,
    /// Display name and address.
    pub(super) to: Vec<(String, String)>,
    pub(super) cc: Vec<(String, String)>,
    pub(super) subject: String,
    pub(super) id: String,
    pub(super) answers: Vec<String>,
    /// The addresses in the headers of what it quotes.
    pub(super) quoted: Vec<String>,
    pub(super) opening: Vec<String>,
    /// The addresses of those whom its first lines may greet.
    pub(super) greeted: Vec<String>,
}

/// A sequence that looks random and is always the same (PCG, O'Neill 2014, in its simplest form).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66_D1CE_4E5B);
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = ((self.0 >> 18) ^ self.0) >> 27;
        mixed.rotate_right(u32::try_from(self.0 >> 59).unwrap_or_default())
    }

    /// A number below `bound`; 0 if that is 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap_or_default()
    }

    fn one_in(&mut self, number: usize) -> bool {
        self.below(number) == 0
    }

    /// A place in a list of which the first ones are the likelier (Zipf's law, about).
    fn early(&mut self, length: usize) -> usize {
        let mut at = self.below(length);
        for _ in 0..2 {
            at = at.min(self.below(length));
        }
        at
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// Surnames from the most common on, with their reading.
const SURNAMES: [(&str, &str); 60] = [
    ("佐藤", "sato"),
    ("鈴木", "suzuki"),
    ("高橋", "takahashi"),
    ("田中", "tanaka"),
    ("伊藤", "ito"),
    ("渡辺", "watanabe"),
    ("山本", "yamamoto"),
    ("中村", "nakamura"),
    ("小林", "kobayashi"),
    ("加藤", "kato"),
    ("吉田", "yoshida"),
    ("山田", "yamada"),
    ("佐々木", "sasaki"),
    ("山口", "yamaguchi"),
    ("松本", "matsumoto"),
    ("井上", "inoue"),
    ("木村", "kimura"),
    ("林", "hayashi"),
    ("斎藤", "saito"),
    ("清水", "shimizu"),
    ("山崎", "yamazaki"),
    ("森", "mori"),
    ("池田", "ikeda"),
    ("橋本", "hashimoto"),
    ("阿部", "abe"),
    ("石川", "ishikawa"),
    ("山下", "yamashita"),
    ("中島", "nakajima"),
    ("石井", "ishii"),
    ("小川", "ogawa"),
    ("前田", "maeda"),
    ("岡田", "okada"),
    ("長谷川", "hasegawa"),
    ("藤田", "fujita"),
    ("後藤", "goto"),
    ("近藤", "kondo"),
    ("村上", "murakami"),
    ("遠藤", "endo"),
    ("青木", "aoki"),
    ("坂本", "sakamoto"),
    ("斉藤", "saito"),
    ("福田", "fukuda"),
    ("太田", "ota"),
    ("西村", "nishimura"),
    ("藤井", "fujii"),
    ("金子", "kaneko"),
    ("岡本", "okamoto"),
    ("藤原", "fujiwara"),
    ("三浦", "miura"),
    ("中野", "nakano"),
    ("中川", "nakagawa"),
    ("原田", "harada"),
    ("松田", "matsuda"),
    ("竹内", "takeuchi"),
    ("小野", "ono"),
    ("田村", "tamura"),
    ("中山", "nakayama"),
    ("和田", "wada"),
    ("石田", "ishida"),
    ("森田", "morita"),
];

const GIVEN: [(&str, &str); 60] = [
    ("太郎", "taro"),
    ("花子", "hanako"),
    ("一郎", "ichiro"),
    ("次郎", "jiro"),
    ("美咲", "misaki"),
    ("健太", "kenta"),
    ("大輔", "daisuke"),
    ("直子", "naoko"),
    ("陽子", "yoko"),
    ("翔太", "shota"),
    ("拓也", "takuya"),
    ("愛", "ai"),
    ("結衣", "yui"),
    ("真由美", "mayumi"),
    ("恵子", "keiko"),
    ("浩", "hiroshi"),
    ("誠", "makoto"),
    ("隆", "takashi"),
    ("茂", "shigeru"),
    ("勝", "masaru"),
    ("優", "yu"),
    ("千尋", "chihiro"),
    ("由美子", "yumiko"),
    ("健一", "kenichi"),
    ("蓮", "ren"),
    ("陽菜", "hina"),
    ("さくら", "sakura"),
    ("和也", "kazuya"),
    ("直樹", "naoki"),
    ("哲也", "tetsuya"),
    ("学", "manabu"),
    ("達也", "tatsuya"),
    ("智子", "tomoko"),
    ("裕子", "hiroko"),
    ("明美", "akemi"),
    ("久美子", "kumiko"),
    ("幸子", "sachiko"),
    ("和子", "kazuko"),
    ("洋子", "yoko"),
    ("裕美", "hiromi"),
    ("純", "jun"),
    ("亮", "ryo"),
    ("大樹", "daiki"),
    ("雄太", "yuta"),
    ("麻衣", "mai"),
    ("彩", "aya"),
    ("香織", "kaori"),
    ("めぐみ", "megumi"),
    ("正", "tadashi"),
    ("実", "minoru"),
    ("進", "susumu"),
    ("清", "kiyoshi"),
    ("修", "osamu"),
    ("剛", "tsuyoshi"),
    ("博之", "hiroyuki"),
    ("和彦", "kazuhiko"),
    ("秀樹", "hideki"),
    ("幸一", "koichi"),
    ("浩二", "koji"),
    ("康弘", "yasuhiro"),
];

const ENGLISH: [(&str, &str); 16] = [
    ("John", "Smith"),
    ("Mary", "Jones"),
    ("David", "Brown"),
    ("Susan", "Taylor"),
    ("James", "Wilson"),
    ("Anna", "Davies"),
    ("Robert", "Evans"),
    ("Linda", "Thomas"),
    ("Michael", "Johnson"),
    ("Karen", "Roberts"),
    ("William", "Walker"),
    ("Emma", "Wright"),
    ("Thomas", "Green"),
    ("Laura", "Hall"),
    ("Peter", "Clark"),
    ("Julia", "Lewis"),
];

const FIRST: [&str; 20] = [
    "kita", "minami", "higashi", "nishi", "tokai", "kanto", "yamato", "asahi", "taiyo", "fuji", "sakura", "miyako",
    "aoba", "daiichi", "nippon", "chuo", "hikari", "kaede", "sanyo", "marutaka",
];
const LAST: [(&str, &str); 10] = [
    ("shoji", "商事"),
    ("kensetsu", "建設"),
    ("denki", "電気"),
    ("unyu", "運輸"),
    ("system", "システム"),
    ("shokuhin", "食品"),
    ("insatsu", "印刷"),
    ("seiki", "精機"),
    ("kagaku", "化学"),
    ("service", "サービス"),
];

/// Surnames beside the common ones, in two parts: 北川, 西村, 小野.
const FRONT: [(&str, &str); 26] = [
    ("北", "kita"),
    ("南", "minami"),
    ("西", "nishi"),
    ("東", "higashi"),
    ("上", "ue"),
    ("下", "shimo"),
    ("中", "naka"),
    ("大", "o"),
    ("小", "ko"),
    ("高", "taka"),
    ("長", "naga"),
    ("松", "matsu"),
    ("竹", "take"),
    ("杉", "sugi"),
    ("桜", "sakura"),
    ("石", "ishi"),
    ("岩", "iwa"),
    ("水", "mizu"),
    ("黒", "kuro"),
    ("白", "shira"),
    ("青", "ao"),
    ("吉", "yoshi"),
    ("福", "fuku"),
    ("横", "yoko"),
    ("平", "hira"),
    ("古", "furu"),
];
const BACK: [(&str, &str); 16] = [
    ("川", "kawa"),
    ("田", "ta"),
    ("村", "mura"),
    ("野", "no"),
    ("沢", "zawa"),
    ("島", "shima"),
    ("原", "hara"),
    ("本", "moto"),
    ("木", "ki"),
    ("井", "i"),
    ("山", "yama"),
    ("崎", "saki"),
    ("谷", "tani"),
    ("橋", "hashi"),
    ("池", "ike"),
    ("尾", "o"),
];

/// A surname and its reading. 佐藤 are 1.5 of a hundred people, the sixty most common names about 27 and the next ones
/// ever fewer each (Meiji Yasuda Life, survey of its policyholders' surnames, 2018).
fn surname(random: &mut Random) -> (String, String) {
    if random.below(100) < 27 {
        let (written, read) = SURNAMES[random.below(SURNAMES.len()).min(random.below(SURNAMES.len()))];
        return (written.to_owned(), read.to_owned());
    }
    let (front, back) = (FRONT[random.below(FRONT.len())], BACK[random.below(BACK.len())]);
    (format!("{}{}", front.0, back.0), format!("{}{}", front.1, back.1))
}

/// Somebody outside.
#[derive(Debug, Clone)]
struct Person {
    address: String,
    display_name: String,
    /// How letters greet: the company's line and the name with its honorific.
    greeting: Vec<String>,
    nickname: Option<String>,
}

struct Project {
    people: Vec<Person>,
    subject: usize,
    /// The Message-IDs of the thread that is going on, and who is in it.
    thread: Vec<String>,
    circle: Vec<Person>,
}

/// The organisation and its mails.
pub(super) fn mails(number: usize, seed: u64) -> (Organization, Vec<Mail>) {
    let organization = Organization { domains: vec!["toho-kanko.example".to_owned()], ..Organization::default() };
    let mut random = Random::new(seed);
    let companies: Vec<Vec<Person>> = (0..200).map(|at| company(at, &mut random)).collect();
    let mut staff: Vec<(String, Vec<Project>)> = (0..60)
        .map(|at| {
            let (surname, given) = (surname(&mut random).1, GIVEN[random.below(GIVEN.len())].1);
            let projects = (0..4 + random.below(12)).map(|_| project(&companies, &mut random)).collect();
            (format!("{given}.{surname}{at}@toho-kanko.example"), projects)
        })
        .collect();
    let mut mails = Vec::with_capacity(number);
    for at in 0..number {
        let who = random.early(staff.len());
        let (from, projects) = &mut staff[who];
        // Projects begin now and then.
        if random.one_in(150) {
            projects.insert(0, project(&companies, &mut random));
        }
        let which = random.early(projects.len());
        let day = Day(u16::try_from(20_000 + at * 400 / number).unwrap_or(u16::MAX));
        mails.push(mail(at, day, from, &mut projects[which], &companies, &mut random));
    }
    (organization, mails)
}

fn company(at: usize, random: &mut Random) -> Vec<Person> {
    let (first, (last, kanji)) = (FIRST[at % 20], LAST[at / 20 % 10]);
    let suffix = ["co.jp", "jp", "com", "ne.jp"][random.early(4)];
    let domain = format!("{first}-{last}.{suffix}");
    let name = format!("{}{kanji}", first.to_uppercase());
    let style = random.below(5);
    let abroad = at % 8 == 7;
    (0..3 + random.below(10))
        .map(|number| {
            if abroad {
                let (given, surname) = *random.of(&ENGLISH);
                let local = format!("{}.{}", given.to_lowercase(), surname.to_lowercase());
                return Person {
                    address: format!("{local}@{domain}"),
                    display_name: format!("{given} {surname}"),
                    greeting: vec![if random.one_in(2) { format!("Dear {given},") } else { format!("Hi {given},") }],
                    nickname: None,
                };
            }
            let ((surname, read), (given, given_read)) = (surname(random), *random.of(&GIVEN));
            let local = match style {
                0 => format!("{read}.{given_read}"),
                1 => format!("{given_read}.{read}"),
                2 => format!("{}-{read}", &given_read[..1]),
                3 => format!("{read}{number}"),
                _ => format!("{read}_{}", &given_read[..1]),
            };
            // One in twelve is an office.
            let local =
                if random.one_in(12) { ["info", "sales", "soumu", "keiri"][random.below(4)].to_owned() } else { local };
            let named = random.below(10) < 7;
            Person {
                address: format!("{local}@{domain}"),
                display_name: if named { format!("{surname} {given}") } else { String::new() },
                greeting: vec![format!("{name}株式会社"), format!("{surname}様")],
                nickname: Some(format!("{given}さん")),
            }
        })
        .collect()
}

fn project(companies: &[Vec<Person>], random: &mut Random) -> Project {
    let mut people = Vec::new();
    for _ in 0..1 + usize::from(random.one_in(3)) {
        let company = &companies[random.early(companies.len())];
        for _ in 0..1 + random.below(4) {
            let person = random.of(company);
            if people.iter().all(|known: &Person| known.address != person.address) {
                people.push(person.clone());
            }
        }
    }
    Project { people, subject: random.below(1_000), thread: Vec::new(), circle: Vec::new() }
}

/// Of a hundred mails 69 go to one, 14 to two, 7 to three, 4 to four, 3 to five and 3 to more (Enron).
fn how_many(random: &mut Random) -> usize {
    match random.below(100) {
        0..=68 => 1,
        69..=82 => 2,
        83..=89 => 3,
        90..=93 => 4,
        94..=96 => 5,
        _ => 8,
    }
}

/// Whom a mail goes to, the addressee first.
fn people(project: &mut Project, answering: bool, companies: &[Vec<Person>], random: &mut Random) -> Vec<Person> {
    if !answering {
        let first = random.early(project.people.len());
        let number = how_many(random).min(project.people.len());
        // The others are mostly the same ones.
        let mut people = vec![project.people[first].clone()];
        while people.len() < number {
            let other = &project.people[random.early(project.people.len())];
            if people.iter().all(|person| person.address != other.address) {
                people.push(other.clone());
            }
        }
        project.circle.clone_from(&people);
        return people;
    }
    // Of a hundred answers among three or more 30 go to all, 62 to one and 8 to some (Enron).
    let circle = project.circle.clone();
    let first = circle[random.early(circle.len())].clone();
    let chance = random.below(100);
    let others = circle.into_iter().filter(|person| person.address != first.address);
    let mut people = vec![first.clone()];
    people.extend(others.filter(|_| match chance {
        0..=29 => true,
        30..=91 => false,
        _ => random.one_in(2),
    }));
    // Of a hundred answers five take somebody in (5.2 %), and of a hundred of these 96 have been on mails with somebody of
    // the conversation before.
    if random.below(1_000) < 52 {
        let company = random.of(companies);
        let outsider = random.of(company).clone();
        let inside = project.people[random.below(project.people.len())].clone();
        let new = if random.below(100) < 4 { outsider } else { inside };
        if people.iter().all(|person| person.address != new.address) {
            project.circle.push(new.clone());
            people.push(new);
        }
    }
    people
}

fn mail(
    number: usize,
    day: Day,
    from: &str,
    project: &mut Project,
    companies: &[Vec<Person>],
    random: &mut Random,
) -> Mail {
    // Of a hundred mails 31 answer one (Enron).
    let answering = !project.thread.is_empty() && random.below(100) < 31;
    if !answering {
        project.thread.clear();
    }
    let people = people(project, answering, companies, random);
    let addressee = people[0].clone();
    let mailbox = |person: &Person| (person.display_name.clone(), person.address.clone());
    let mut to = vec![mailbox(&addressee)];
    let mut cc = Vec::new();
    for person in people.iter().skip(1) {
        if random.one_in(2) { to.push(mailbox(person)) } else { cc.push(mailbox(person)) }
    }
    let id = format!("<{number}@toho-kanko.example>");
    let answers = project.thread.clone();
    project.thread.push(id.clone());
    let opening = match random.below(100) {
        // Nobody is greeted, or everybody.
        0..=17 => Vec::new(),
        18..=23 => vec!["各位".to_owned()],
        // The given name, as among those who know each other; one mail in five hundred greets by a name that nothing
        // else knows: an assistant's, a maiden name.
        24..=25 if random.one_in(10) => vec![format!("{}様", surname(random).0)],
        24..=25 => addressee.nickname.iter().cloned().collect(),
        26..=60 => addressee.greeting.clone(),
        _ => addressee.greeting.iter().rev().take(1).cloned().collect(),
    };
    let subject = format!("{}No.{} {}", if answering { "Re: " } else { "" }, project.subject, number % 7);
    let mut opening = opening;
    if !opening.is_empty() {
        opening.push("いつもお世話になっております。".to_owned());
    }
    let all = to.iter().chain(&cc).map(|(_, address)| address.clone());
    let greeted = if opening.is_empty() { Vec::new() } else { all.collect() };
    Mail { day, from: from.to_owned(), to, cc, subject, id, answers, quoted: Vec::new(), opening, greeted }
}

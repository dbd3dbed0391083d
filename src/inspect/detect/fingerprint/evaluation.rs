//! How well registered documents are found: fifty contracts by rule, edited as people edit them, and as many that nobody
//! registered.
//!
//! In: seeds. Out: a table of recall and false alarms (`cargo test fingerprint::evaluation -- --nocapture`), which must not
//! become worse. What is edited is known, so each figure is exact. Deliberately absent: real contracts.

use super::super::normal::Normal;
use super::tests::{Registry, shares};

/// How many documents of each language are registered.
const DOCUMENTS: u64 = 50;

/// Numbers by lot, the same in every run (splitmix64).
pub(super) struct Lot(pub(super) u64);

impl Lot {
    pub(super) fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((value ^ (value >> 31)) % count as u64).unwrap()
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// Paragraphs of sentences.
pub(super) type Contract = Vec<Vec<String>>;

/// What a language's contracts are made of: pieces of a sentence in their order, and what stands in every contract.
pub(super) struct Language {
    pieces: &'static [&'static [&'static str]],
    phrases: &'static [&'static str],
    gap: &'static str,
    /// What words that stand in few texts are made of, and where in a sentence they stand.
    syllables: &'static [&'static str],
    made: &'static [usize],
}

pub(super) const JAPANESE: Language = Language {
    pieces: &[
        &[
            "甲は",
            "乙は",
            "甲及び乙は",
            "受託者は",
            "委託者は",
            "本件担当者は",
            "再委託先は",
            "検査責任者は",
            "販売店は",
        ],
        &[
            "毎月末日までに",
            "書面による通知を受けて",
            "自己の費用と責任で",
            "事前に協議のうえ",
            "四半期ごとに",
            "納入後速やかに",
            "緊急の場合を除き",
            "仕様変更のつど",
            "別途定める手順に従い",
            "契約締結の日から",
            "繁忙期に先立ち",
        ],
        &[
            "配送経路の",
            "試作部品の",
            "予約台帳の",
            "厨房設備の",
            "会員証の",
            "測定装置の",
            "設計図面の",
            "在庫管理表の",
            "研修教材の",
            "広告原稿の",
            "船積書類の",
            "保守部品の",
            "車両整備の",
            "温度記録の",
            "検査成績書の",
        ],
        &[
            "写しを",
            "最新版を",
            "修正案を",
            "一覧を",
            "原本を",
            "見積書を",
            "進捗状況を",
            "点検結果を",
            "不具合を",
            "改善計画を",
            "在庫数量を",
            "納期の見通しを",
        ],
        &[
            "倉庫責任者に",
            "監査部門に",
            "相手方の工場長に",
            "指定の窓口に",
            "品質保証部に",
            "運営委員会に",
            "経理担当者に",
            "現地事務所に",
            "共同研究室に",
            "営業推進課に",
        ],
        &[
            "提出し、その承認を得る。",
            "送付し、控えを保管する。",
            "開示し、意見を求める。",
            "報告し、指示を仰ぐ。",
            "引き渡し、受領書を得る。",
            "照会し、回答を待つ。",
            "届け出て、確認を受ける。",
            "貸与し、返却を求める。",
        ],
    ],
    phrases: &[
        "本契約に定めのない事項又は本契約の解釈に疑義が生じたときは、甲乙誠意をもって協議し、円満に解決を図るものとする。",
        "本契約に関する一切の紛争については、東京地方裁判所を第一審の専属的合意管轄裁判所とする。",
        "甲及び乙は、自らが反社会的勢力に該当しないこと、及び将来にわたっても該当しないことを表明し、保証する。",
        "本契約の有効期間は、契約締結の日から一年間とし、期間満了の三か月前までに書面による申出がないときは、同一条件で更新する。",
        "甲又は乙は、相手方の書面による事前の承諾なく、本契約上の地位を第三者に承継させ、又は権利義務を譲渡してはならない。",
        "天災地変その他不可抗力により本契約の履行が遅延し、又は不能となったときは、いずれの当事者もその責任を負わない。",
        "甲又は乙が本契約に違反し、相手方に損害を与えたときは、その損害を賠償する責任を負う。",
        "秘密情報とは、開示の際に秘密である旨を明示された技術上又は営業上の情報をいう。",
        "本契約の成立を証するため本書二通を作成し、甲乙記名押印のうえ、各自一通を保有する。",
        "個人情報の取扱いについては、個人情報の保護に関する法律その他関係法令を遵守する。",
    ],
    gap: "",
    syllables: &[
        "航", "鉱", "醸", "穂", "帆", "礎", "峡", "樹", "鋼", "藍", "琴", "錦", "浪", "霧", "砂", "麦", "苗", "窯",
        "弦", "翼", "塔", "港", "渓", "扇", "灯", "綿", "鈴", "糸", "柱", "瓦", "壁", "梁", "畳", "桟", "滝", "沼",
        "岬", "峰", "谷", "原",
    ],
    made: &[3],
};

pub(super) const ENGLISH: Language = Language {
    pieces: &[
        &[
            "The Supplier",
            "The Customer",
            "Each party",
            "The Carrier",
            "The Licensee",
            "The Auditor",
            "The Distributor",
            "The Site Manager",
        ],
        &[
            "shall promptly deliver",
            "may from time to time inspect",
            "shall keep and maintain",
            "will review and correct",
            "shall translate",
            "must archive",
            "shall return",
            "may reproduce",
            "will calibrate",
        ],
        &[
            "the delivery schedule",
            "the spare parts list",
            "the temperature records",
            "the booking ledger",
            "the design drawings",
            "the kitchen equipment plan",
            "the training material",
            "the shipping papers",
            "the vehicle log",
            "the measuring devices",
            "the price tables",
        ],
        &[
            "for the northern warehouse",
            "of the second assembly line",
            "of the coastal terminals",
            "for the pilot region",
            "of the partner hotels",
            "for the spring campaign",
            "of the rented vehicles",
            "for the joint laboratory",
            "of the museum shops",
        ],
        &[
            "within ten working days",
            "at its own expense",
            "before each quarterly meeting",
            "on written request",
            "after every change of the specification",
            "in the agreed format",
            "without delay",
            "under the supervision of the committee",
        ],
        &[
            "and shall inform the quality office.",
            "and shall keep a copy for the auditors.",
            "and shall obtain a signed receipt.",
            "and shall correct what was found.",
            "and shall notify the works manager.",
            "and shall bear the cost thereof.",
            "and shall confirm this by letter.",
        ],
    ],
    phrases: &[
        "This Agreement shall be governed by and construed in accordance with the laws of Japan.",
        "Neither party may assign this Agreement without the prior written consent of the other party.",
        "This Agreement constitutes the entire agreement between the parties with respect to its subject matter.",
        "The Receiving Party shall hold the Confidential Information in strict confidence and shall not disclose it to any third party.",
        "Neither party shall be liable for any failure or delay in performance due to causes beyond its reasonable control.",
        "If any provision of this Agreement is held to be invalid, the remaining provisions shall remain in full force and effect.",
        "In witness whereof, the parties have executed this Agreement as of the date first above written.",
        "Any amendment to this Agreement shall be in writing and signed by both parties.",
    ],
    gap: " ",
    syllables: &[
        "mar", "tel", "ric", "sol", "ven", "tor", "lin", "gan", "pol", "der", "fas", "ker", "mon", "bel", "cor", "dan",
        "nov", "rem", "sta", "vil",
    ],
    made: &[1, 3, 5, 7],
};

impl Language {
    pub(super) fn sentence(&self, lot: &mut Lot) -> String {
        let mut pieces: Vec<String> = self.pieces.iter().map(|piece| lot.one(piece).to_owned()).collect();
        for &at in self.made {
            pieces.insert(at, (0..3).map(|_| lot.one(self.syllables)).collect());
        }
        pieces.join(self.gap)
    }

    /// Eighty sentences in sixteen paragraphs; one in eight is a phrase that stands in other contracts too.
    pub(super) fn contract(&self, seed: u64) -> Contract {
        let mut lot = Lot(seed);
        let sentence = |lot: &mut Lot| {
            if lot.below(8) == 0 { lot.one(self.phrases).to_owned() } else { self.sentence(lot) }
        };
        (0..16).map(|_| (0..5).map(|_| sentence(&mut lot)).collect()).collect()
    }

    pub(super) fn text(&self, contract: &Contract) -> String {
        contract.iter().map(|paragraph| paragraph.join(self.gap)).collect::<Vec<_>>().join("\n")
    }
}

/// An edit: a contract becomes the text of a mail.
type Edit = fn(&Language, &Contract, &mut Lot) -> String;

/// Each with the least recall that it must have, in a hundred.
const EDITS: [(&str, usize, Edit); 12] = [
    ("as it is", 100, |language, contract, _| language.text(contract)),
    ("first and last sentence new", 100, |language, contract, lot| {
        let mut contract = contract.clone();
        contract[0][0] = language.sentence(lot);
        *contract.last_mut().unwrap().last_mut().unwrap() = language.sentence(lot);
        language.text(&contract)
    }),
    ("paragraphs in another order", 100, |language, contract, lot| {
        let mut contract = contract.clone();
        for at in (1..contract.len()).rev() {
            contract.swap(at, lot.below(at + 1));
        }
        language.text(&contract)
    }),
    ("every tenth sentence new", 100, |language, contract, lot| reworded(language, contract, 10, lot)),
    ("every third sentence new", 100, |language, contract, lot| reworded(language, contract, 3, lot)),
    ("every second sentence new", 90, |language, contract, lot| reworded(language, contract, 2, lot)),
    ("one piece of every second sentence new", 95, |language, contract, lot| {
        let mut contract = contract.clone();
        for sentence in contract.iter_mut().flatten().step_by(2) {
            let pieces = language.pieces[lot.below(language.pieces.len())];
            for piece in pieces {
                *sentence = sentence.replace(piece, pieces[lot.below(pieces.len())]);
            }
        }
        language.text(&contract)
    }),
    ("half of it, quoted in an answer", 100, |language, contract, _| {
        let half = contract[..contract.len() / 2].to_vec();
        let lines = wrapped(&language.text(&half), 36);
        format!("お世話になっております。下記の件です。\n> {}\nThank you.\n", lines.join("\n> "))
    }),
    ("set anew: lines of 30, numbers, page marks", 100, |_, contract, _| {
        let numbered = contract.iter().zip(1..).map(|(paragraph, number)| {
            let clauses = paragraph.iter().zip(1..).map(|(sentence, clause)| format!("({clause}) {sentence}\n"));
            format!("{number}. {}", clauses.collect::<String>())
        });
        let lines = wrapped(&numbered.collect::<String>(), 30);
        lines.chunks(25).zip(1..).map(|(page, number)| format!("{}\n- {number} -\n", page.join("\r\n"))).collect()
    }),
    ("full-width letters and marks", 100, |language, contract, _| {
        let wide = |c: char| match c {
            '!'..='~' => char::from_u32(u32::from(c) + 0xFEE0).unwrap(),
            ' ' => '\u{3000}',
            '、' => '､',
            '。' => '｡',
            c => c,
        };
        language.text(contract).chars().map(wide).collect()
    }),
    ("two fifths of it", 95, |language, contract, _| language.text(&contract[..contract.len() * 2 / 5].to_vec())),
    ("behind a mail of a hundred other sentences", 100, |language, contract, lot| {
        let other: String = (0..100).map(|_| language.sentence(lot) + language.gap).collect();
        other + &language.text(contract)
    }),
];

fn reworded(language: &Language, contract: &Contract, step: usize, lot: &mut Lot) -> String {
    let mut contract = contract.clone();
    contract.iter_mut().flatten().step_by(step).for_each(|sentence| *sentence = language.sentence(lot));
    language.text(&contract)
}

/// Lines of so many characters, wherever that cuts.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    text.lines()
        .flat_map(|line| line.chars().collect::<Vec<_>>().chunks(width).map(String::from_iter).collect::<Vec<_>>())
        .collect()
}

#[test]
fn fifty_contracts_are_found_and_others_are_not() {
    for (name, language) in [("Japanese", JAPANESE), ("English", ENGLISH)] {
        let contracts: Vec<Contract> = (0..DOCUMENTS).map(|seed| language.contract(seed)).collect();
        let mut registry = Registry::new(b"the organisation");
        for (contract, number) in contracts.iter().zip(0..) {
            registry = registry.with(&format!("contract {number:02}"), &language.text(contract));
        }
        let library = registry.open();
        println!(
            "{name}: {} letters, {} hashes a contract",
            library.documents()[0].letters,
            library.documents()[0].own
        );
        for (edit, least, change) in EDITS {
            let (mut right, mut wrong, mut lowest) = (0, 0, 100);
            for (contract, number) in contracts.iter().zip(0..) {
                let text = change(&language, contract, &mut Lot(1_000 + number));
                let found = shares(&library, Normal::of(&text).text());
                let own = found.iter().find(|(name, _)| *name == format!("contract {number:02}"));
                right += usize::from(own.is_some());
                wrong += found.len() - usize::from(own.is_some());
                lowest = lowest.min(own.map_or(0, |(_, share)| *share));
            }
            println!("  {edit:<45} {right:>2} of {DOCUMENTS} found, least share {lowest:>3} %, {wrong} others named");
            assert!(right * 100 >= least * contracts.len() && wrong == 0, "{name}: {edit}");
        }
        let (mut alarms, mut highest) = (0, 0);
        let strict = registry.with_share(1).open();
        for seed in 0..4 * DOCUMENTS {
            let text = language.text(&language.contract(10_000 + seed));
            alarms += shares(&library, Normal::of(&text).text()).len();
            highest =
                highest.max(shares(&strict, Normal::of(&text).text()).iter().map(|found| found.1).max().unwrap_or(0));
        }
        println!("  {} contracts that nobody registered: {alarms} alarms, greatest share {highest} %", 4 * DOCUMENTS);
        let phrases = language.phrases.join(language.gap);
        let phrases = shares(&strict, Normal::of(&phrases).text()).iter().map(|found| found.1).max().unwrap_or(0);
        println!("  the phrases of all contracts alone: greatest share {phrases} %");
        assert!(alarms == 0 && highest < 25 && phrases < 25, "{name}: {alarms} {highest} {phrases}");
    }
}

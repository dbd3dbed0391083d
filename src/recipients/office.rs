//! Words beside names that are none: departments, posts, forms of address.
//!
//! In: a word of a display name or of a line at the head of a letter. Out: what it is. A word that is a surname is one,
//! whatever it ends with (渡部, 小室). Deliberately absent: which organisations there are (`companies`).

use super::readings::SURNAME;

const ANYWHERE: &str = "株式会社 有限会社 合同会社 (株) (有) 法人 銀行 大学 病院 協会 組合 事務所 センター サービス";
const ENDS: &str = "部 課 室 係 局 支店 支社 本社 営業所 工場 チーム グループ 担当 店 研究所 部長 課長 社長 専務 常務 会長 係長 主任 \
                    店長 所長 室長 次長 支店長 取締役 代表 理事長 院長 教授 校長 主査 マネージャー リーダー 委員会 市 区 県 社";
const POSTS: &str = "代表取締役社長 代表取締役 取締役 執行役員 本部長 支店長 営業所長 部長 課長 社長 専務 常務 会長 係長 主任 店長 所長 \
                     室長 次長";
const TITLES: &str = "mr mrs ms miss dr prof manager sir madam";
const OFFICES: &str = "inc ltd llc co corp corporation company dept department division team sales support group office info \
                       service services desk center centre customer admin system systems solutions noreply newsletter the \
                       via all everyone there help";

/// Whether it is an organisation, a department or a post, not a name.
pub(super) fn is_office(word: &str) -> bool {
    !SURNAME.has(word)
        && (ANYWHERE.split_whitespace().any(|sign| word.contains(sign))
            || (word.chars().count() >= 2 && ENDS.split_whitespace().any(|end| word.ends_with(end))))
}

/// A name without a post before or behind it: 代表取締役山田太郎, 山田部長; nothing of a post alone.
pub(super) fn untitled(name: &str) -> &str {
    let mut name = name;
    for post in POSTS.split_whitespace() {
        name = name.strip_prefix(post).unwrap_or(name);
        name = name.strip_suffix(post).unwrap_or(name);
    }
    name.trim()
}

/// Whether it says beside a name what somebody is.
pub(super) fn is_title(word: &str) -> bool {
    is_in(TITLES, word.trim_end_matches('.'))
}

/// Whether no person's display name has it.
pub(super) fn is_latin_office(word: &str) -> bool {
    is_in(OFFICES, word)
}

/// Whether a word, in whatever case, stands in a list of words with spaces between them.
pub(super) fn is_in(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|listed| listed.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offices_and_names() {
        for office in ["営業部", "総務課", "北保安サービス", "大阪支店", "部長", "㈱".replace('㈱', "(株)").as_str()]
        {
            assert!(is_office(office), "{office}");
        }
        for name in ["渡部", "阿部", "小室", "山田", "太郎", "Smith"] {
            assert!(!is_office(name) && !is_latin_office(name), "{name}");
        }
        assert_eq!(["山田部長", "代表取締役山田", "部長", "山田"].map(untitled), ["山田", "山田", "", "山田"]);
        assert!(is_title("Mr.") && is_latin_office("Sales") && !is_latin_office("Sally"));
    }
}

//! A file of Rust, read for the paths it names: outside comments, text, and what is only for tests.

use std::collections::BTreeMap;

/// One file of a crate.
pub struct Source {
    /// From the workspace's root: `shared/src/store/state.rs`.
    pub file: String,
    /// Inside its crate: `[store, state]`.
    pub module: Vec<String>,
    /// The modules it declares that have files of their own.
    pub children: Vec<Vec<String>>,
    /// What its `use` items bring in, by the name it has here.
    pub names: BTreeMap<String, Vec<String>>,
    /// Every path it names.
    pub paths: Vec<Named>,
}

/// A path as the compiler would see it: from `crate`, or from the name of another crate.
pub struct Named {
    pub path: Vec<String>,
    pub line: usize,
}

impl Source {
    /// Each path that begins with one of `beginnings`, with its place. One that ends in `_` is the beginning
    /// of a name.
    pub fn naming<'a>(&'a self, beginnings: &'a [&str]) -> impl Iterator<Item = String> + 'a {
        let paths = self.paths.iter().map(|named| (named.path.join("::"), named.line));
        let begins = |path: &str, beginning: &str| {
            let rest = path.strip_prefix(beginning);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::") || beginning.ends_with('_'))
        };
        paths
            .filter(move |(path, _)| beginnings.iter().any(|beginning| begins(path, beginning)))
            .map(|(path, line)| format!("{}:{line}: names {path}", self.file))
    }
}

/// Reads a file, the module `module` of its crate.
pub fn parse(file: &str, text: &str, module: Vec<String>) -> Source {
    let (names, paths, children) = (BTreeMap::new(), Vec::new(), Vec::new());
    let source = Source { file: file.to_owned(), module, children, names, paths };
    let tokens = without_tests(&tokens(text));
    let mut reader = Reader { tokens, at: 0, inside: Vec::new(), depth: 0, written: Vec::new(), source };
    reader.read();
    reader.finish()
}

/// A word, `::`, or one sign.
#[derive(Clone, Copy)]
struct Token<'a> {
    text: &'a str,
    line: usize,
}

/// A path as it is written.
struct Written {
    path: Vec<String>,
    line: usize,
    /// The module it is written in.
    module: Vec<String>,
    /// The name a `use` gives it; `None` where it is named in passing.
    alias: Option<String>,
}

struct Reader<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    /// The modules in braces around this place, and how deep each began.
    inside: Vec<(String, usize)>,
    depth: usize,
    written: Vec<Written>,
    source: Source,
}

impl<'a> Reader<'a> {
    /// The token so many places ahead; nothing behind the end.
    fn text(&self, ahead: usize) -> &'a str {
        self.tokens.get(self.at + ahead).map_or("", |token| token.text)
    }

    fn module(&self) -> Vec<String> {
        self.source.module.iter().chain(self.inside.iter().map(|(name, _)| name)).cloned().collect()
    }

    fn read(&mut self) {
        while self.at < self.tokens.len() {
            match (self.text(0), self.text(1), self.text(2)) {
                // `impl Trait + use<'a>` brings nothing in.
                ("use", next, _) if next != "<" => {
                    self.at += 1;
                    self.use_tree(Vec::new());
                }
                (word, "::", _) if is_word(word) => self.path_in_passing(),
                ("mod", name, ";") => {
                    let child = [self.module(), vec![name.to_owned()]].concat();
                    self.source.children.push(child);
                }
                ("mod", name, "{") => self.inside.push((name.to_owned(), self.depth)),
                ("{", ..) => self.depth += 1,
                ("}", ..) => {
                    self.depth = self.depth.saturating_sub(1);
                    self.inside.retain(|(_, began)| *began < self.depth);
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    /// `a::b::{c, d as e, self}`, behind what `path` has of it; stops before what follows.
    fn use_tree(&mut self, mut path: Vec<String>) {
        let mut line = 0;
        while !["", ",", ";", "}", "{", "as"].contains(&self.text(0)) {
            if self.text(0) != "::" {
                path.push(self.text(0).to_owned());
                line = self.tokens[self.at].line;
            }
            self.at += 1;
        }
        if self.text(0) == "{" {
            while !["", "}"].contains(&self.text(0)) {
                self.at += 1;
                self.use_tree(path.clone());
            }
            self.at += 1;
            return;
        }
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let mut alias = path.last().cloned();
        if self.text(0) == "as" {
            alias = Some(self.text(1).to_owned());
            self.at += 2;
        }
        // Behind the last comma of a list there is nothing.
        if line > 0 {
            self.written.push(Written { path, line, module: self.module(), alias });
        }
    }

    fn path_in_passing(&mut self) {
        let start = self.at;
        let mut path = vec![self.text(0).to_owned()];
        while self.text(1) == "::" && is_word(self.text(2)) {
            self.at += 2;
            path.push(self.text(0).to_owned());
        }
        // What follows `Vec::<u8>` or `<T as X>` goes on from a type.
        let goes_on = start > 1
            && self.tokens[start - 1].text == "::"
            && (is_word(self.tokens[start - 2].text) || self.tokens[start - 2].text == ">");
        if !goes_on {
            let line = self.tokens[start].line;
            self.written.push(Written { path, line, module: self.module(), alias: None });
        }
    }

    /// Makes every path one from a crate's root, now that all that the file brings in is known.
    fn finish(self) -> Source {
        let Self { written, mut source, .. } = self;
        let (uses, passing): (Vec<_>, Vec<_>) = written.into_iter().partition(|it| it.alias.is_some());
        for Written { path, line, module, alias } in uses {
            let path = absolute(path, module, &source).unwrap_or_else(|path| path);
            source.names.extend(alias.map(|alias| (alias, path.clone())));
            source.paths.push(Named { path, line });
        }
        for Written { path, line, module, .. } in passing {
            let path =
                absolute(path, module, &source).unwrap_or_else(|path| match source.names.get(&path[0]) {
                    Some(name) => [name, &path[1..]].concat(),
                    None => path,
                });
            source.paths.push(Named { path, line });
        }
        source
    }
}

/// The path from the crate's root; `Err` with it as it was, if it begins with no module that is known here.
fn absolute(path: Vec<String>, mut module: Vec<String>, source: &Source) -> Result<Vec<String>, Vec<String>> {
    let up = path.iter().take_while(|segment| *segment == "super").count();
    module.truncate(module.len().saturating_sub(up));
    let rest = match path[0].as_str() {
        "crate" => return Ok(path),
        "super" => &path[up..],
        "self" => &path[1..],
        _ if source.children.contains(&[&module, &path[..1]].concat()) => &path[..],
        _ => return Err(path),
    };
    Ok([&["crate".to_owned()], module.as_slice(), rest].concat())
}

/// Leaves out every item under a `#[cfg(test)]`.
fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut kept = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let is_attribute = tokens[at].text == "#" && tokens.get(at + 1).is_some_and(|next| next.text == "[");
        let end = if is_attribute { after_group(tokens, at + 1) } else { at + 1 };
        let has = |word: &str| tokens[at..end].iter().any(|token| token.text == word);
        if is_attribute && has("cfg") && has("test") && !has("not") {
            at = after_item(tokens, end);
        } else {
            kept.extend_from_slice(&tokens[at..end]);
            at = end;
        }
    }
    kept
}

/// Behind the bracket that closes the one at `at`.
fn after_group(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0_usize;
    for (n, token) in tokens.iter().enumerate().skip(at) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return n + 1;
        }
    }
    tokens.len()
}

/// Behind the item at `at`: its `;`, its block, or the end of the block it is in.
fn after_item(tokens: &[Token], mut at: usize) -> usize {
    while let Some(token) = tokens.get(at) {
        match token.text {
            ";" => return at + 1,
            "{" => return after_group(tokens, at),
            "(" | "[" => at = after_group(tokens, at),
            ")" | "]" | "}" => return at,
            _ => at += 1,
        }
    }
    at
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The words and signs of a file, without comments and literals.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut rest, mut line, mut tokens) = (text, 1, Vec::new());
    while let Some(first) = rest.chars().next() {
        let (length, is_kept) = match first {
            _ if first.is_whitespace() => (rest.len() - rest.trim_start().len(), false),
            _ if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), false),
            _ if rest.starts_with("/*") => (block_comment(rest), false),
            '"' => (string(rest), false),
            '\'' => (quote(rest), false),
            _ if rest.starts_with("::") => (2, true),
            _ if first.is_alphanumeric() || first == '_' => {
                raw_string(rest).map_or_else(|| (word(rest), true), |length| (length, false))
            }
            _ => (first.len_utf8(), true),
        };
        let (text, behind) = rest.split_at(length);
        if is_kept {
            // `r#type` is the word `type`.
            tokens.push(Token { text: text.strip_prefix("r#").unwrap_or(text), line });
        }
        line += text.matches('\n').count();
        rest = behind;
    }
    tokens
}

/// How long the word is.
fn word(rest: &str) -> usize {
    let start = if rest.starts_with("r#") { 2 } else { 0 };
    let end = rest[start..].find(|c: char| !c.is_alphanumeric() && c != '_');
    end.map_or(rest.len(), |end| start + end)
}

/// How long the comment is; they nest.
fn block_comment(rest: &str) -> usize {
    let (mut at, mut depth) = (2, 1_usize);
    while depth > 0 && at < rest.len() {
        let close = rest[at..].find("*/").map_or(rest.len(), |close| at + close + 2);
        let open = rest[at..].find("/*").map(|open| at + open + 2).filter(|open| *open < close);
        (at, depth) = open.map_or((close, depth - 1), |open| (open, depth + 1));
    }
    at
}

/// How long the text in quotes is.
fn string(rest: &str) -> usize {
    let mut at = 1;
    while let Some(found) = rest[at..].find(['"', '\\']) {
        at += found + 1;
        if rest[..at].ends_with('"') {
            return at;
        }
        // What is escaped, in whatever many bytes.
        at += rest[at..].chars().next().map_or(0, char::len_utf8);
    }
    rest.len()
}

/// How long the raw text is, if that is one.
fn raw_string(rest: &str) -> Option<usize> {
    let start = ["r", "br", "cr"].into_iter().find_map(|start| rest.strip_prefix(start))?;
    let inside = start.trim_start_matches('#').strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(start.len() - inside.len() - 1));
    let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
    Some(rest.len() - inside.len() + length)
}

/// How long the character or the lifetime is.
fn quote(rest: &str) -> usize {
    let mut characters = rest.char_indices().skip(1);
    match (characters.next(), characters.next()) {
        (Some((_, '\\')), Some((at, escaped))) => {
            let behind = at + escaped.len_utf8();
            rest[behind..].find('\'').map_or(rest.len(), |end| behind + end + 1)
        }
        (_, Some((at, '\''))) => at + 1,
        _ => 1 + word(&rest[1..]),
    }
}

#[test]
fn a_path_is_read_however_it_is_written_and_never_from_text_or_tests() {
    const TEXT: &str = r###"
        //! crate::comment /* " */
        /* crate::comment /* nested */ crate::comment */
        mod below;
        use crate::a::{self, b::{C, D as E,}, *}; // crate::comment
        use super::beside::F;
        use std::env;
        fn f<'a>(x: &'a crate::g::G) { let _ = ['"', '\'', '\\', 'é']; E::new(below::h(), env::var("s")) }
        mod inner { use super::below::I; const S: &str = r#" " crate::s "#; const T: &str = "\" crate::s"; }
        #[cfg(test)] #[path = "x"] mod tests { use crate::t; fn t() { crate::t() } }
        #[cfg(not(test))] use self::below::J;
        pub(crate) fn k() -> Vec<u8> { Vec::<u8>::new::<::http::K>() }
    "###;
    let source = parse("a.rs", TEXT, vec!["up".to_owned(), "here".to_owned()]);
    let paths: Vec<_> =
        source.paths.iter().map(|named| format!("{} {}", named.line, named.path.join("::"))).collect();
    let uses =
        ["5 crate::a", "5 crate::a::b::C", "5 crate::a::b::D", "5 crate::a::*", "6 crate::up::beside::F"];
    let more_uses = ["7 std::env", "9 crate::up::here::below::I", "11 crate::up::here::below::J"];
    let passing =
        ["8 crate::g::G", "8 crate::a::b::D::new", "8 crate::up::here::below::h", "8 std::env::var"];
    assert_eq!(paths, [&uses[..], &more_uses, &passing, &["12 Vec", "12 http::K"]].concat());
    assert_eq!(source.children, [["up", "here", "below"]]);
}

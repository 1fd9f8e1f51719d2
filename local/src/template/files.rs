//! The template files, by their paths from the folder of the root.

use std::collections::BTreeMap;

use serde_yaml_ng::Value as Yaml;

use super::TemplateError;

/// The parsed files.
pub struct Files(BTreeMap<String, Yaml>);

impl Files {
    /// Parses each text, which has its path before it.
    ///
    /// # Errors
    /// When one is not YAML.
    pub fn parse(texts: &[(&str, &str)]) -> Result<Self, TemplateError> {
        let parse = |(path, text): &(&str, &str)| match serde_yaml_ng::from_str(text) {
            Ok(document) => Ok(((*path).to_owned(), document)),
            Err(error) => Err(TemplateError(error.to_string()).within(path)),
        };
        texts.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// A file and its own copy of the path.
    ///
    /// # Errors
    /// When it is not built in.
    pub fn find(&self, path: &str) -> Result<(&str, &Yaml), TemplateError> {
        let found = self.0.get_key_value(path).map(|(path, document)| (path.as_str(), document));
        found.ok_or_else(|| TemplateError(format!("{path} is not among the templates of this build")))
    }
}

/// The path, from the root's folder, of what `file` calls `path`: as `sam` does, from the folder of `file`.
pub fn beside(file: &str, path: &str) -> String {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_begins_at_the_file_that_names_it() {
        assert_eq!(beside("template.yaml", "./template/egress.yaml"), "template/egress.yaml");
        assert_eq!(beside("template/egress.yaml", "proxy.yaml"), "template/proxy.yaml");
        assert_eq!(beside("template/egress.yaml", "../target/lambda/probe/"), "target/lambda/probe");
        assert_eq!(beside("template.yaml", "../../elsewhere.yaml"), "../../elsewhere.yaml");
    }

    #[test]
    fn what_is_not_yaml_is_told_with_its_path() {
        let error = Files::parse(&[("template/egress.yaml", "[")]).err().expect("an error");
        assert!(error.to_string().starts_with("template/egress.yaml: "), "{error}");
    }
}

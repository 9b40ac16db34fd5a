//! Every message that ends a run with another exit code than 0, read from the source
//! and kept side by side in one file, so that they can be reviewed for one voice:
//! where, what was expected, what was seen, what to do next.
//!
//! What a message is made of is seen here; the values it is filled with are not.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ExprCall, ExprLit, ExprMethodCall, ImplItemFn, ItemFn, ItemMod, Lit};

/// Where messages are made: what `provision` is made of.
const FOLDERS: [&str; 9] = [
    "hardware/src",
    "helm/src",
    "inventory/src",
    "k3s/src",
    "provisioner/fit/src",
    "provisioner/plan/src",
    "provisioner/src",
    "provisioner/ssh/src",
    "provisioner/untrusted/src",
];
/// What makes one, by the last two parts of its path.
const MAKERS: [&str; 7] = [
    "Failure::new",
    "Failure::plain",
    "Failure::internal",
    "Failure::of",
    "Problem::new",
    "Refusal::new",
    "refuse",
];

/// The messages of one file, in the order they stand in.
#[derive(Default)]
struct Messages {
    rows: Vec<String>,
    /// Inside of a function that says what to do.
    advising: bool,
}

impl Messages {
    fn row(&mut self, kind: &str, texts: &[String]) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).filter(|text| says(text)).collect();
        if !texts.is_empty() {
            self.rows.push(format!("{kind:<11} {}", texts.join(" | ")));
        }
    }

    fn attributes(&mut self, attributes: &[Attribute]) {
        for attribute in attributes.iter().filter(|one| one.path().is_ident("error")) {
            if let Ok(list) = attribute.meta.require_list() {
                self.row("error", &in_tokens(list.tokens.clone()));
            }
        }
    }

    fn function(&mut self, name: &str, walk: impl FnOnce(&mut Self)) {
        let before = self.advising;
        self.advising = before || ["hint", "advice", "help", "remedy"].contains(&name);
        walk(self);
        self.advising = before;
    }
}

impl<'ast> Visit<'ast> for Messages {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !item.attrs.iter().any(is_for_tests) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.attributes(&item.attrs);
        for variant in &item.variants {
            self.attributes(&variant.attrs);
        }
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.attributes(&item.attrs);
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if !item.attrs.iter().any(is_for_tests) {
            self.function(&item.sig.ident.to_string(), |all| visit::visit_item_fn(all, item));
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.function(&item.sig.ident.to_string(), |all| visit::visit_impl_item_fn(all, item));
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        let code = call.args.first().map(path).filter(|code| code.starts_with("Code::"));
        // Whatever is given a code makes a failure of it.
        if let Some(maker) = maker(&call.func).or_else(|| code.clone()) {
            let kind = code.as_deref().and_then(|code| code.split("::").last());
            let texts: Vec<String> = call.args.iter().flat_map(in_expression).collect();
            let kind = kind.unwrap_or(match maker.as_str() {
                "Failure::internal" => "Internal",
                "Problem::new" => "Usage",
                "Refusal::new" | "refuse" => "Refused",
                _ => "failure",
            });
            self.row(kind, &texts);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        // The receiver stands before the hint.
        visit::visit_expr(self, &call.receiver);
        if call.method == "hint" || call.method == "help" {
            let texts: Vec<String> = call.args.iter().flat_map(in_expression).collect();
            self.row("   hint", &texts);
        }
        for argument in &call.args {
            visit::visit_expr(self, argument);
        }
    }

    fn visit_field_value(&mut self, field: &'ast syn::FieldValue) {
        if let syn::Member::Named(name) = &field.member
            && ["hint", "means", "meaning"].contains(&name.to_string().as_str())
        {
            self.row(&format!("   {name}"), &in_expression(&field.expr));
        }
        visit::visit_field_value(self, field);
    }

    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_expr_lit(&mut self, literal: &'ast ExprLit) {
        if let (true, Lit::Str(text)) = (self.advising, &literal.lit) {
            self.row("   hint", &[text.value()]);
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if self.advising {
            let texts = in_tokens(call.tokens.clone());
            self.row("   hint", &texts);
        }
    }
}

fn is_for_tests(attribute: &Attribute) -> bool {
    let is = |name| attribute.path().is_ident(name);
    is("test") || (is("cfg") && quoted(&attribute.meta).contains("test"))
}

fn quoted(meta: &syn::Meta) -> String {
    meta.require_list().map_or_else(|_| String::new(), |list| list.tokens.to_string())
}

/// The path an expression is, by its last two parts.
fn path(expression: &Expr) -> String {
    let Expr::Path(path) = expression else { return String::new() };
    let parts: Vec<String> =
        path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    parts[parts.len().saturating_sub(2)..].join("::").replace("Self::", "Failure::")
}

fn maker(function: &Expr) -> Option<String> {
    let path = path(function);
    MAKERS.contains(&path.as_str()).then_some(path)
}

/// The literals of an expression, those in its macros too; not those of a call that
/// makes a message of its own.
fn in_expression(expression: &Expr) -> Vec<String> {
    struct Texts(Vec<String>);
    impl<'ast> Visit<'ast> for Texts {
        fn visit_expr_lit(&mut self, literal: &'ast ExprLit) {
            if let Lit::Str(text) = &literal.lit {
                self.0.push(text.value());
            }
        }
        fn visit_macro(&mut self, call: &'ast syn::Macro) {
            self.0.extend(in_tokens(call.tokens.clone()));
        }
        fn visit_expr_call(&mut self, call: &'ast ExprCall) {
            if maker(&call.func).is_none() {
                visit::visit_expr_call(self, call);
            }
        }
    }
    let mut texts = Texts(Vec::new());
    texts.visit_expr(expression);
    texts.0
}

fn in_tokens(tokens: TokenStream) -> Vec<String> {
    tokens
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Literal(literal) => match Lit::new(literal) {
                Lit::Str(text) => vec![text.value()],
                _ => Vec::new(),
            },
            TokenTree::Group(group) => in_tokens(group.stream()),
            _ => Vec::new(),
        })
        .collect()
}

/// Whether a literal is prose, and no separator or name of a key.
fn says(text: &str) -> bool {
    text.contains(' ') && text.chars().any(char::is_alphabetic)
}

/// The rows of each file that has any.
fn messages() -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for file in FOLDERS.into_iter().flat_map(crate::files) {
        if file.rsplit('.').next() != Some("rs")
            || file.contains("/tests")
            || file.ends_with("fixture.rs")
        {
            continue;
        }
        let parsed = syn::parse_file(&crate::read(&file));
        let parsed = parsed.unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut messages = Messages::default();
        messages.visit_file(&parsed);
        if !messages.rows.is_empty() {
            found.insert(file, messages.rows);
        }
    }
    found
}

#[test]
fn every_message_of_a_failure_is_in_one_file_to_be_reviewed() {
    let mut text = String::new();
    for (file, rows) in messages() {
        let _ = writeln!(text, "\n{file}");
        for row in rows {
            let _ = writeln!(text, "  {row}");
        }
    }
    insta::assert_snapshot!(text);
}

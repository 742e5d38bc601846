//! Named inks and the page they are put on. Colour only repeats what a word says already.
//! Must not know: what is written, the environment (it comes in as values).

/// How a piece of text is set, by what it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Ink {
    /// As it is.
    #[default]
    Plain,
    /// The answer, and names of instances.
    Strong,
    /// What is there for the record.
    Faint,
    /// A conflict, a block, `-` lines.
    Bad,
    /// Something to know: needs rebase, unknown, a warning.
    Caution,
    /// All is well, `+` lines.
    Good,
    /// A command to copy.
    Command,
}

/// The page: whether colours are on, and how many columns there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    /// Whether ANSI colours are written.
    pub colour: bool,
    /// How many columns fit; [`Style::ENDLESS`] where nothing is cut.
    pub width: usize,
}

impl Style {
    /// The width of output that is no terminal: a program or a file takes whole lines.
    pub const ENDLESS: usize = 10_000;

    /// A page without colours.
    #[must_use]
    pub fn plain(width: usize) -> Self {
        Self { colour: false, width }
    }

    /// Sets `text`, which must be safe for a terminal already.
    #[must_use]
    pub fn ink(&self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Strong => "1",
            Ink::Faint => "2",
            Ink::Bad => "31",
            Ink::Caution => "33",
            Ink::Good => "32",
            Ink::Command => "36",
            Ink::Plain => "",
        };
        if self.colour && !code.is_empty() && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

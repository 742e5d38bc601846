//! Collections that are put together when somebody looks into them: of a thousand working sets hardly one is.
//! Must not know: what they hold, what they are made from.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

/// A collection that knows its size before it is put together. Making it twice gives the same.
#[derive(Clone)]
pub struct Lazy<T> {
    len: usize,
    make: Option<Arc<dyn Fn() -> T + Send + Sync>>,
    made: OnceLock<T>,
}

/// What can be counted.
pub trait Counted: Default {
    /// How many it holds.
    fn count(&self) -> usize;
}

impl<T> Counted for Vec<T> {
    fn count(&self) -> usize {
        self.len()
    }
}

impl<K, V> Counted for BTreeMap<K, V> {
    fn count(&self) -> usize {
        self.len()
    }
}

impl<T: Counted> Lazy<T> {
    /// One of `len` that is made when it is first looked into.
    #[must_use]
    pub fn new(len: usize, make: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Self { len, make: Some(Arc::new(make)), made: OnceLock::new() }
    }

    /// How many it holds; nothing is made for that.
    #[must_use]
    pub fn len(&self) -> usize {
        self.made.get().map_or(self.len, Counted::count)
    }

    /// Whether it holds nothing; nothing is made for that.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The collection itself.
    #[must_use]
    pub fn into_inner(self) -> T {
        let Self { make, made, .. } = self;
        made.into_inner().unwrap_or_else(|| make.map(|make| make()).unwrap_or_default())
    }
}

impl<T: Counted> Deref for Lazy<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.made.get_or_init(|| self.make.as_ref().map(|make| make()).unwrap_or_default())
    }
}

impl<T: Counted> DerefMut for Lazy<T> {
    fn deref_mut(&mut self) -> &mut T {
        let _ = &**self;
        self.made.get_mut().expect("it was made just now")
    }
}

impl<T: Counted> From<T> for Lazy<T> {
    fn from(all: T) -> Self {
        Self { len: all.count(), make: None, made: OnceLock::from(all) }
    }
}

impl<T: Counted + FromIterator<I>, I> FromIterator<I> for Lazy<T> {
    fn from_iter<A: IntoIterator<Item = I>>(all: A) -> Self {
        T::from_iter(all).into()
    }
}

impl<T: Counted> Default for Lazy<T> {
    fn default() -> Self {
        T::default().into()
    }
}

impl<T: Counted + PartialEq> PartialEq for Lazy<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && **self == **other
    }
}

impl<T: Counted + Eq> Eq for Lazy<T> {}

impl<T: Counted + fmt::Debug> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn it_is_made_once_and_only_where_somebody_looks() {
        let made = Arc::new(AtomicUsize::new(0));
        let counting = Arc::clone(&made);
        let mut lazy = Lazy::new(2, move || {
            counting.fetch_add(1, Ordering::Relaxed);
            vec!["a", "b"]
        });
        assert_eq!((lazy.len(), lazy.is_empty(), made.load(Ordering::Relaxed)), (2, false, 0));
        assert_eq!((lazy[1], lazy[0], made.load(Ordering::Relaxed)), ("b", "a", 1));
        lazy.push("c");
        assert_eq!(lazy.len(), 3);
        assert_eq!(lazy, vec!["a", "b", "c"].into());
        assert_eq!(lazy.clone().into_inner(), ["a", "b", "c"]);
        assert!(Lazy::<Vec<u8>>::default().is_empty());
    }
}

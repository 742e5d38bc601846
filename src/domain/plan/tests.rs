//! Plans against a brute-force search over small graphs.
//! Must not know: anything but graphs.

use super::*;

fn graph(nodes: usize, edges: &[(usize, usize)]) -> Graph {
    let mut graph = Graph::new(nodes);
    for &(a, b) in edges {
        graph.conflict(a, b);
    }
    graph
}

/// Batches as the graph alone gives them: everything lands.
fn batches(graph: &Graph) -> Vec<Vec<usize>> {
    let found = arrange(graph, |order| Ok::<_, ()>(vec![None; order.len()]), |_, _| false).expect("nothing fails");
    found.iter().map(|batch| batch.steps.iter().map(|step| step.instance).collect()).collect()
}

fn is_clean(graph: &Graph, batch: &[usize]) -> bool {
    batch.iter().all(|&a| batch.iter().all(|b| !graph.conflicts_of(a).contains(b)))
}

fn largest_by_force(graph: &Graph, nodes: usize) -> usize {
    (0u32..1 << nodes)
        .map(|set| (0..nodes).filter(|bit| set >> bit & 1 == 1).collect::<Vec<_>>())
        .filter(|batch| is_clean(graph, batch))
        .map(|batch| batch.len())
        .max()
        .unwrap_or(0)
}

#[test]
fn the_hub_of_a_star_waits() {
    let graph = graph(5, &[(0, 1), (0, 2), (0, 3), (0, 4)]);
    assert_eq!(batches(&graph), [vec![1, 2, 3, 4], vec![0]]);
}

#[test]
fn without_conflicts_all_land_at_once() {
    assert_eq!(batches(&graph(3, &[])), [vec![0, 1, 2]]);
    assert!(batches(&Graph::new(0)).is_empty());
}

#[test]
fn of_equals_the_first_lands_first() {
    assert_eq!(batches(&graph(2, &[(0, 1)])), [vec![0], vec![1]]);
}

#[test]
fn the_upper_of_a_stack_never_lands_without_the_lower() {
    let mut graph = graph(4, &[(1, 2), (1, 3)]);
    graph.stack(0, 1);
    assert!(graph.conflicts_of(0).contains(&2) && graph.conflicts_of(0).contains(&3));
    let batches = batches(&graph);
    let with_upper = batches.iter().find(|batch| batch.contains(&0)).expect("everybody is in a batch");
    assert!(with_upper.contains(&1), "{batches:?}");
}

#[test]
fn who_only_conflicts_with_several_together_waits_for_them() {
    let path = RepoPath::new("p").expect("a valid path");
    let graph = graph(4, &[]);
    let land = |order: &[usize]| {
        let stops = |&node: &usize| node == 2 && order.contains(&0) && order.contains(&1);
        Ok::<_, ()>(order.iter().map(|node| stops(node).then(|| vec![path.clone()])).collect())
    };
    let found = arrange(&graph, land, |node, _| node < 2).expect("nothing fails");
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].steps.iter().map(|step| step.instance).collect::<Vec<_>>(), [0, 1, 3]);
    let step = &found[1].steps[0];
    assert_eq!((step.instance, &*step.rebase_on, step.only_together), (2, &[0, 1][..], true));
    assert_eq!(step.paths, std::slice::from_ref(&path));
}

#[test]
fn who_lands_nowhere_is_in_no_batch() {
    let land = |order: &[usize]| Ok::<_, ()>(order.iter().map(|&node| (node == 1).then(Vec::new)).collect());
    let found = arrange(&graph(2, &[]), land, |_, _| false).expect("nothing fails");
    assert_eq!(found.len(), 1);
}

proptest::proptest! {
    #[test]
    fn the_first_batch_is_the_largest_there_is(edges in proptest::collection::vec((0usize..10, 0usize..10), 0..30)) {
        let graph = graph(10, &edges);
        let batches = batches(&graph);
        for batch in &batches {
            assert!(is_clean(&graph, batch), "{batch:?}");
        }
        let mut all: Vec<_> = batches.iter().flatten().copied().collect();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        assert_eq!(batches[0].len(), largest_by_force(&graph, 10));
    }

    #[test]
    fn greedy_batches_are_clean_and_maximal(edges in proptest::collection::vec((0usize..200, 0usize..200), 100..600)) {
        let graph = graph(200, &edges);
        let batch = graph.greedy(&(0..200).collect::<Vec<_>>());
        assert!(is_clean(&graph, &batch));
        let addable = |node: usize| !batch.contains(&node) && batch.iter().all(|b| !graph.conflicts_of(node).contains(b));
        assert!(!(0..200).any(addable));
    }
}

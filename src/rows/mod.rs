//! Functions of whole rows: a tensor of `rows × columns` elements, row after row.

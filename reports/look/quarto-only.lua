-- Quarto only: keeps it from adding to a page what the built-in renderer does not.

function Pandoc(doc)
  -- Above a page whose `draft` is true Quarto puts a bar, outside every landmark. A word is not true, and the page's
  -- own banner takes either.
  if doc.meta.draft == true then doc.meta.draft = "yes" end
  local headings = doc.blocks:filter(function(block) return block.t == "Header" end)
  doc.meta["no-contents"] = #headings < 2
  return doc
end

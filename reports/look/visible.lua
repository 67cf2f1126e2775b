-- Built-in renderer only (Quarto has its own): content for one format alone.

local function matches(name)
  return name ~= nil and FORMAT:match(name) ~= nil
end

function Div(div)
  local visible = div.classes:includes("content-visible")
  local hidden = div.classes:includes("content-hidden")
  if not visible and not hidden then return nil end
  local named = div.attributes["when-format"]
  local hit
  if named then
    hit = matches(named)
  else
    hit = not matches(div.attributes["unless-format"])
  end
  if visible == hit then return div.content end
  return {}
end

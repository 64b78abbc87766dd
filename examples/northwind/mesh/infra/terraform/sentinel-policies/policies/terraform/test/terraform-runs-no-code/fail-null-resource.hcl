mock "tfconfig/v2" {
  module {
    source = "mocks/fail-null-resource-config.sentinel"
  }
}

import "module" "report" {
  source = "../../../../modules/report/report.sentinel"
}

test {
  rules = {
    main = false
  }
}
